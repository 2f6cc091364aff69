import { z } from "zod";
import type { Reader } from "../../../database/rows/reader.js";
import { readFacts } from "../../../domain/webhooks/facts.js";
import { eventData } from "../../../domain/webhooks/formats/railyard.js";
import type { LogEvent } from "../../../entities/history/event.js";
import type { Webhook } from "../../../entities/webhooks/webhook.js";
import type { WebhookDelivery } from "../../../entities/webhooks/webhook-delivery.js";
import { toEntities, toEntity } from "./entities.js";

const level = z.enum(["notify", "sync"]).describe("`sync`: in order, one at a time. Both are retried.");

export const webhookSchema = z.object({
  id: z.string(),
  url: z.string(),
  include: z.array(z.string()).describe("The entities whose events are sent, for example `api:release`."),
  level,
  created_at: z.string(),
  updated_at: z.string(),
});

export const deliverySchema = z.object({
  id: z.string(),
  status: z.enum(["succeeded", "failed", "retrying"]),
  event: z.object({ id: z.string(), include: z.string() }),
  webhook: z.object({ id: z.string(), level }),
  num_attempts: z.number().int(),
  last_attempt: z.object({
    id: z.string(),
    status: z.enum(["succeeded", "failed"]),
    code: z.number().int().nullable(),
    error_class: z.string().nullable(),
    created_at: z.string(),
    updated_at: z.string(),
  }),
  next_attempt_at: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
});

export const webhookEventSchema = z.object({
  id: z.string().describe("The cursor of the event."),
  include: z.string(),
  payload: z.looseObject({ resource: z.string(), action: z.string(), published_at: z.string() }),
  created_at: z.string(),
  updated_at: z.string(),
});

export function toWebhook({ id, url, types, ordered, createdAt, updatedAt }: Webhook) {
  return {
    ...{ id, url, include: toEntities(types), level: toLevel(ordered) },
    ...{ created_at: createdAt.toISOString(), updated_at: updatedAt.toISOString() },
  };
}

export function toStatus({ problem, nextAttemptAt }: WebhookDelivery): "succeeded" | "failed" | "retrying" {
  return problem === null ? "succeeded" : nextAttemptAt === null ? "failed" : "retrying";
}

export function toDelivery(webhook: Webhook, delivery: WebhookDelivery, event: LogEvent | null) {
  const { id, attempt, statusCode, problem, sentAt, nextAttemptAt } = delivery;
  const at = { created_at: sentAt.toISOString(), updated_at: sentAt.toISOString() };
  const status = problem === null ? ("succeeded" as const) : ("failed" as const);
  return {
    ...{ id, status: toStatus(delivery), num_attempts: attempt, ...at },
    event: event === null ? { id: "", include: "test" } : { id: event.cursor, include: toEntity(event.type) },
    webhook: { id: webhook.id, level: toLevel(webhook.ordered) },
    last_attempt: { id, status, code: statusCode, error_class: problem, ...at },
    next_attempt_at: nextAttemptAt?.toISOString() ?? null,
  };
}

export async function toWebhookEvent(reader: Reader, event: LogEvent, publicUrl: string | null) {
  const time = event.occurredAt.toISOString();
  const words = event.type.toLowerCase().split("_");
  const payload = {
    ...{ type: event.type, resource: toEntity(event.type).slice("api:".length), action: words.at(-1) ?? "" },
    ...{ published_at: time, data: eventData(await readFacts(reader, event, event.occurredAt), publicUrl) },
  };
  return { id: event.cursor, include: toEntity(event.type), payload, created_at: time, updated_at: time };
}

function toLevel(ordered: boolean): "notify" | "sync" {
  return ordered ? "sync" : "notify";
}
