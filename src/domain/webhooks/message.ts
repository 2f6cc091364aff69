import type { Reader } from "../../database/rows/reader.js";
import type { WebhookFormat } from "../../entities/core/enums.js";
import type { LogEvent } from "../../entities/history/event.js";
import type { Webhook } from "../../entities/webhooks/webhook.js";
import { normalizeText } from "../core/values/normalize.js";
import { readFacts } from "./facts.js";
import { CDEVENTS } from "./formats/cdevents.js";
import { CLOUDEVENTS } from "./formats/cloudevents.js";
import type { Content, Format } from "./formats/format.js";
import { RAILYARD } from "./formats/railyard.js";
import { SLACK } from "./formats/slack.js";
import type { WebhookRequest } from "./sender.js";
import { signedHeaders } from "./signature.js";

const FORMATS: Readonly<Record<WebhookFormat, Format>> = { RAILYARD, CLOUDEVENTS, CDEVENTS, SLACK };

/** The types of events that a webhook sends; null for all. */
export function getTypes({ types, format }: Pick<Webhook, "types" | "format">): readonly string[] | null {
  const known = FORMATS[format].types;
  return types === null || known === null ? (types ?? known) : types.filter((type) => known.includes(type));
}

/**
 * Creates the request for an event.
 *
 * @param reader sees what the webhook sees
 * @returns null if the format leaves the event out
 */
export async function eventRequest(
  reader: Reader,
  webhook: Webhook,
  event: LogEvent,
  publicUrl: string | null,
  now: Date,
): Promise<WebhookRequest | null> {
  const content = FORMATS[webhook.format].event(await readFacts(reader, event, now), publicUrl);
  // The id is the same for every attempt, so that receivers recognize repeats.
  return content && toRequest(webhook, `${event.cursor}:${webhook.id}`, content, now);
}

/** Creates the request of a test. */
export function testRequest(
  webhook: Webhook,
  uuid: string,
  by: string,
  now: Date,
  publicUrl: string | null,
): WebhookRequest {
  const summary = `Test of webhook ${webhook.name}, requested by ${normalizeText(by, 256) ?? "a token"}`;
  const id = `test:${uuid}`;
  return toRequest(webhook, id, FORMATS[webhook.format].test({ id, now, summary }, publicUrl), now);
}

function toRequest(webhook: Webhook, id: string, { headers, body }: Content, now: Date): WebhookRequest {
  return {
    url: webhook.url,
    headers: {
      ...headers,
      "user-agent": "Railyard",
      ...(webhook.authorizationHeader !== null && { authorization: webhook.authorizationHeader }),
      ...signedHeaders(webhook, id, body, now),
    },
    body,
  };
}
