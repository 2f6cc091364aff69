import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import type { Ticker } from "../../async/ticker.js";
import type { Ctx } from "../../domain/core/context.js";
import { GithubApi } from "./deployments/api.js";
import { disableQueue } from "./deployments/queue.js";
import { startReporter } from "./deployments/reporter.js";
import { startPendingDeliveries } from "./webhooks/pending-deliveries.js";
import { serveGithubWebhooks } from "./webhooks/webhook.js";
import { WebhookInbox } from "./webhooks/webhook-inbox.js";

/** Settings of the GitHub integration. */
export interface GithubSettings {
  /** Accepted webhook secrets; empty if webhooks are disabled. */
  readonly githubWebhookSecrets: readonly string[];
  /** Whether pull requests from forks get review apps. */
  readonly githubForks: boolean;
  /** The token for reporting releases to GitHub; null to disable reporting. */
  readonly githubToken: string | null;
  /** Without a trailing slash. */
  readonly githubApiUrl: string;
  /** Age after which webhook deliveries are pruned, in milliseconds. */
  readonly githubDeliveryRetention: number;
  /** Maximum number of webhook deliveries that are kept. */
  readonly githubMaxDeliveries: number;
}

export interface GithubParts {
  readonly log: Logger;
  /** Whether the clock can be trusted: nothing expires or is pruned otherwise. */
  isClockSteady(): boolean;
  /** Sends requests to GitHub. @default fetch */
  readonly send?: typeof fetch | undefined;
}

/**
 * Receives webhooks from GitHub and reports releases to it until stopped.
 *
 * @param ctx acts as the service itself
 */
export async function serveGithub(
  http: FastifyInstance,
  ctx: Ctx,
  settings: GithubSettings,
  { log, isClockSteady, send }: GithubParts,
): Promise<Ticker> {
  const inbox = new WebhookInbox(ctx, { forks: settings.githubForks });
  await serveGithubWebhooks(http, { secrets: settings.githubWebhookSecrets, inbox });
  const retention = { maxAge: settings.githubDeliveryRetention, maxCount: settings.githubMaxDeliveries };
  const pending = startPendingDeliveries({ ctx, inbox, retention, isClockSteady, log });
  if (settings.githubToken === null) {
    await disableQueue(ctx.db);
    return pending;
  }
  const now = () => ctx.now();
  const api = new GithubApi(settings.githubApiUrl, settings.githubToken, now, send);
  const reporter = await startReporter({ db: ctx.db, api, log, now });
  return {
    tick: async () => {
      await pending.tick();
      await reporter.tick();
    },
    stop: async () => {
      await Promise.all([pending.stop(), reporter.stop()]);
    },
  };
}
