import { createHash, createHmac, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Client } from "../clients/client.js";
import { type Named, Seed, unique } from "../data/seed.js";
import { type Cleanup, type ServerOptions, startServer } from "../service/server.js";

export const WEBHOOK_SECRET = "a-secret-of-the-tests";

// biome-ignore lint/suspicious/noExplicitAny: payloads have no type here; a test changes the fields that it needs.
export type Payload = any;

interface Examples {
  readonly name: string;
  readonly examples: readonly Payload[];
}

const EXAMPLES: readonly Examples[] = JSON.parse(
  readFileSync(createRequire(import.meta.url).resolve("@octokit/webhooks-examples"), "utf8"),
);

/** The names of all events with an example. */
export const EVENTS = EXAMPLES.map(({ name }) => name);

/** Returns a copy of a real payload from GitHub's examples: the first of the event, or of its action if given. */
export function example(event: string, action?: string): Payload {
  const examples = EXAMPLES.find(({ name }) => name === event)?.examples ?? [];
  const found = examples.find((payload) => action === undefined || payload.action === action);
  if (found === undefined) throw new Error(`There is no example of ${event} ${action ?? ""}.`);
  return structuredClone(found);
}

/** Changes the repository of a payload. Its id is that of the name, so that each repository has its own. */
export function inRepository(repository: string, payload: Payload): Payload {
  payload.repository.id = createHash("sha256").update(repository).digest().readUIntBE(0, 5);
  payload.repository.full_name = repository;
  payload.repository.html_url = `https://github.com/${repository}`;
  return payload;
}

/** Computes `X-Hub-Signature-256` without the library that verifies it. */
export function signature(body: string, secret = WEBHOOK_SECRET): string {
  return `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
}

export interface DeliveryOptions {
  readonly id?: string;
  readonly secret?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface DeliveryResult {
  readonly status: number;
  readonly outcome?: string;
  readonly message?: string;
  readonly errors?: readonly { readonly message: string; readonly extensions: { readonly code: string } }[];
}

/** Delivers a payload to a server as GitHub does. */
export async function deliverWebhook(
  url: string,
  event: string,
  payload: Payload,
  { id = randomUUID(), secret, headers = {} }: DeliveryOptions = {},
): Promise<DeliveryResult> {
  const body = typeof payload === "string" ? payload : JSON.stringify(payload);
  const response = await fetch(`${url}/webhooks/github`, {
    method: "POST",
    body,
    headers: {
      "content-type": "application/json",
      "user-agent": "GitHub-Hookshot/044aadd",
      "x-github-delivery": id,
      "x-github-event": event,
      "x-hub-signature-256": signature(body, secret),
      ...headers,
    },
  });
  return { status: response.status, ...((await response.json()) as object) };
}

/** A pull request of a repository, with changed fields. Its head commit is unknown unless `head.sha` is given. */
export function pullRequest(repository: string, action: string, change: Payload = {}): Payload {
  const payload = inRepository(repository, example("pull_request", action));
  const { number, ...pull } = change;
  if (number !== undefined) payload.number = payload.pull_request.number = number;
  const { head, ...rest } = pull;
  Object.assign(payload.pull_request, rest);
  payload.pull_request.head.sha = null;
  Object.assign(payload.pull_request.head, head);
  return payload;
}

/** A commit status event. */
export function status(
  repository: string,
  sha: string,
  context: string,
  state: string,
  at = "2026-01-01T00:00:00Z",
): Payload {
  return Object.assign(inRepository(repository, example("status")), { sha, context, state, updated_at: at });
}

/** A check run with changed fields. `suite` is the id of its suite, and by default also that of the run. */
export function checkRun(repository: string, sha: string, change: Payload): Payload {
  const payload = inRepository(repository, example("check_run", change.conclusion ? "completed" : "created"));
  const { suite = 1, ...rest } = change;
  Object.assign(payload.check_run, { id: suite, app: { slug: "ci", name: "CI" }, head_sha: sha, ...rest });
  payload.check_run.check_suite.id = suite;
  return payload;
}

/** Starts a server with webhooks enabled. Returns it with a unique repository. */
export async function withGithub(t: Cleanup, { env, ...options }: ServerOptions = {}) {
  const server = await startServer(t, { ...options, env: { GITHUB_WEBHOOK_SECRET: WEBHOOK_SECRET, ...env } });
  return { server, admin: server.admin, seed: new Seed(server.admin), repository: `acme/${unique("repo")}` };
}

/** Returns the review apps of a pipeline, with their pull requests. */
export async function reviewApps(admin: Client, pipeline: Named): Promise<Payload[]> {
  const found = await admin.ask(
    "query ($id: ID!) { pipeline(pipeline: $id) { reviewApps { app { name currentRelease { build { id } } } expiresAt pullRequest { number branch title author url } } } }",
    { id: pipeline.id },
  );
  return found.pipeline.reviewApps;
}

/** Returns the commit statuses of a build, as `context STATE`. */
export async function statuses(admin: Client, build: { id: string }): Promise<string[]> {
  const { events } = await admin.ask(
    "{ events(last: 100, types: [BUILD_UPDATED]) { nodes { ... on ChangeEvent { subjectId summary } } } }",
  );
  const mine = events.nodes.filter((event: Payload) => event.subjectId === build.id);
  const last = new Map<string, string>();
  for (const { summary } of mine) {
    const [, context, state] = /^(.+) of [0-9a-f]{7} is (\w+)$/.exec(summary) ?? [];
    last.set(context ?? summary, state ?? "");
  }
  return [...last].map(([context, state]) => `${context} ${state}`).sort();
}
