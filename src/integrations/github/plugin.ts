import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { Ticker } from "../../async/ticker.js";
import type { Ctx } from "../../domain/core/context.js";
import { GithubApi } from "./api.js";
import { disableQueue } from "./queue.js";
import { startReporter } from "./reporter.js";
import { serveGithubWebhooks } from "./webhook.js";
import { WebhookInbox } from "./webhook-inbox.js";

/** What the service is told about GitHub. */
export interface GithubSettings {
  /** The secrets that a webhook may be signed with; none where webhooks are off. */
  readonly githubWebhookSecrets: readonly string[];
  /** Whether a pull request from a fork gets a review app. */
  readonly githubForks: boolean;
  /** What GitHub is told of releases with; null where it is not told. */
  readonly githubToken: string | null;
  /** Without a slash at its end. */
  readonly githubApiUrl: string;
}

/**
 * Takes webhooks from GitHub, and tells it of releases until it is stopped.
 *
 * @param ctx acts as the service itself
 * @param send what requests to GitHub are sent by; `fetch`, if it is left out
 */
export async function serveGithub(
  http: FastifyInstance,
  ctx: Ctx,
  settings: GithubSettings,
  log: Logger,
  send?: typeof fetch,
): Promise<Ticker> {
  const deliveries = new WebhookInbox(ctx, { forks: settings.githubForks });
  await serveGithubWebhooks(http, { secrets: settings.githubWebhookSecrets, inbox: deliveries });
  if (settings.githubToken === null) {
    await disableQueue(ctx.db);
    return { tick: async () => {}, stop: async () => {} };
  }
  const now = () => ctx.now();
  const api = new GithubApi(settings.githubApiUrl, settings.githubToken, now, send);
  return startReporter({ db: ctx.db, api, log, now });
}
