import { eventually } from "../../../src/async/eventually.js";
import type { Client } from "../clients/client.js";
import type { TestServer } from "../service/server.js";
import { unique } from "./seed.js";

/** Settings that let webhooks call the receivers of the tests. */
export const LOCAL = { WEBHOOK_ALLOW_HTTP: "true", WEBHOOK_NETWORKS: "127.0.0.0/8" } as const;

export interface CreatedWebhook {
  readonly id: string;
  readonly name: string;
  readonly secret: string;
}

/** Creates a webhook, by default one that sends only the creation of apps. */
export async function createWebhook(client: Client, url: string, input: object = {}): Promise<CreatedWebhook> {
  const given = { name: unique("hook"), url, types: ["APP_CREATED"], ...input };
  const { webhook, secret } = await client.mutate("createWebhook", given, "secret webhook { id name }");
  return { ...webhook, secret };
}

export interface ReadWebhook {
  readonly state: string;
  readonly behind: number;
  readonly cursor: string;
  readonly problem: string | null;
  readonly retriesAt: string | null;
  readonly updatedAt: string;
  readonly deliveries: {
    readonly totalCount: number;
    readonly nodes: readonly {
      readonly id: string;
      readonly attempt: number;
      readonly statusCode: number | null;
      readonly responseStart: string | null;
      readonly problem: string | null;
      readonly nextAttemptAt: string | null;
      readonly duration: number;
    }[];
  };
}

const QUERY = `query ($id: ID!, $failed: Boolean) { webhook(webhook: $id) { state behind cursor problem retriesAt updatedAt
  deliveries(failed: $failed) { totalCount nodes { id attempt statusCode responseStart problem nextAttemptAt duration } } } }`;

/** A webhook and its deliveries, newest first. */
export async function readWebhook(client: Client, id: string, failed: boolean | null = null): Promise<ReadWebhook> {
  return (await client.ask(QUERY, { id, failed })).webhook;
}

/** Waits until a webhook is as expected. */
export async function untilWebhook(
  server: TestServer,
  id: string,
  isExpected: (webhook: ReadWebhook) => boolean,
  timeoutMs = 15_000,
): Promise<ReadWebhook> {
  let webhook = await readWebhook(server.admin, id);
  const check = async () => {
    webhook = await readWebhook(server.admin, id);
    return isExpected(webhook);
  };
  if (await eventually(check, { intervalMs: 20, timeoutMs })) return webhook;
  throw new Error(`The webhook is not as expected: ${JSON.stringify(webhook)}.`);
}

/** Waits until a number of deliveries are recorded. */
export function untilDelivered(server: TestServer, id: string, count: number): Promise<ReadWebhook> {
  return untilWebhook(server, id, ({ deliveries }) => deliveries.totalCount >= count);
}
