import { LogEvent } from "../../entities/history/event.js";
import type { WebhookDelivery } from "../../entities/webhooks/webhook-delivery.js";
import { QueuedEvent } from "../../entities/webhooks/webhook-delivery.js";
import { permit } from "../access/actions.js";
import { describeEnd } from "../access/credentials.js";
import type { Ctx } from "../core/context.js";
import { conflict, Refusal } from "../core/refusal.js";
import { newId } from "../core/values/id.js";
import { requireDelivery, requireWebhook } from "./access.js";
import { insertDelivery, type Sent } from "./deliveries.js";
import { eventRequest, testRequest } from "./message.js";
import type { WebhookRequest } from "./sender.js";
import { loadView } from "./visibility.js";

/*
 * Requests that a person triggers. They are sent immediately, in any state of the webhook, and do not move its cursor.
 */

/** Sends a message of type TEST. */
export async function testWebhook(ctx: Ctx, input: { readonly webhook: string }): Promise<WebhookDelivery> {
  permit(ctx.viewer, "testWebhook");
  const webhook = await requireWebhook(ctx.db.reader, ctx.viewer, input.webhook);
  const request = testRequest(webhook, newId(), ctx.viewer.name, ctx.now(), ctx.publicUrl);
  return send(ctx, request, { webhookId: webhook.id, eventPosition: null, attempt: 1 });
}

/**
 * Sends the event of a delivery again, with the current URL and format. If it succeeds, a pending retry of the event is
 * dropped.
 *
 * @throws Refusal CONFLICT if the event can no longer be sent
 */
export async function redeliver(ctx: Ctx, input: { readonly delivery: string }): Promise<WebhookDelivery> {
  permit(ctx.viewer, "redeliver");
  const { viewer, publicUrl } = ctx;
  const { delivery, webhook } = await requireDelivery(ctx.db.reader, viewer, input.delivery);
  const { eventPosition, attempt } = delivery;
  if (eventPosition === null) throw conflict("A test cannot be delivered again; use testWebhook.");
  // With the rights of the webhook instead of the viewer's, which may be smaller.
  const view = await ctx.db.write((tx) => loadView(tx, webhook, ctx.now()));
  if (typeof view === "string")
    throw conflict(`The token that made ${webhook.name} ${describeEnd(view)}; resume it first.`);
  const reader = ctx.db.reader.limitedTo(view.scope);
  const event = await reader.first(LogEvent, { position: eventPosition });
  if (event === null) throw conflict("The log no longer holds the event of this delivery.");
  const request = await eventRequest(reader, webhook, event, publicUrl, ctx.now());
  if (request === null) throw conflict(`The format ${webhook.format} does not support this event.`);
  return send(ctx, request, { webhookId: webhook.id, eventPosition, attempt: attempt + 1 });
}

async function send(
  ctx: Ctx,
  request: WebhookRequest,
  sent: Omit<Sent, "sentAt" | "result">,
): Promise<WebhookDelivery> {
  const sentAt = ctx.now();
  const result = await ctx.sender.send(request);
  if (result === null) throw new Refusal("UNAVAILABLE", "The service is stopping. Try again.");
  const { webhookId, eventPosition } = sent;
  return ctx.db.write(async (tx) => {
    if (result.problem === null && eventPosition !== null) await tx.delete(QueuedEvent, { webhookId, eventPosition });
    return insertDelivery(tx, { ...sent, sentAt, result }, null);
  });
}
