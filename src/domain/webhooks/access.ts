import sql, { type Sql } from "sql-template-tag";
import type { Reader } from "../../database/rows/reader.js";
import type { Tx } from "../../database/rows/tx.js";
import type { Viewer } from "../../entities/access/token.js";
import { Webhook } from "../../entities/webhooks/webhook.js";
import { WebhookDelivery } from "../../entities/webhooks/webhook-delivery.js";
import { type Action, isPermitted, permit } from "../access/actions.js";
import { isName, isUuid, parseId } from "../core/input.js";
import { quote } from "../core/references.js";
import { notFound } from "../core/refusal.js";

/*
 * Access to webhooks. ADMIN may see and change all of them, OPERATOR only those that are restricted to pipelines. Row
 * security hides webhooks with pipelines outside a token's scope.
 */

/** Whether a viewer may see a webhook that row security shows. */
export function isVisibleWebhook(viewer: Viewer, webhook: Webhook): boolean {
  return isPermitted(viewer, "readWebhooks") && (webhook.pipelineIds !== null || seesAll(viewer));
}

/** The conditions on the webhooks that a viewer sees, on the alias `e`. */
export function visibleWebhooks(viewer: Viewer): Sql[] {
  return seesAll(viewer) ? [] : [sql`e.pipeline_ids IS NOT NULL`];
}

function seesAll(viewer: Viewer): boolean {
  return isPermitted(viewer, "manageUnrestrictedWebhooks");
}

/** Finds a webhook by id or name; null if it does not exist or the viewer may not see it. */
export async function findWebhook(reader: Reader, viewer: Viewer, reference: string): Promise<Webhook | null> {
  const where = isUuid(reference) ? { id: reference.toLowerCase() } : isName(reference) ? { name: reference } : null;
  const webhook = where === null ? null : await reader.scoped.first(Webhook, where);
  return webhook !== null && isVisibleWebhook(viewer, webhook) ? webhook : null;
}

/**
 * Finds a webhook by id or name, and locks it. The caller has permitted the action.
 *
 * @throws Refusal NOT_FOUND if it does not exist, or the viewer may not see it
 */
export async function lockWebhook(tx: Tx, viewer: Viewer, reference: string): Promise<Webhook> {
  const found = await findWebhook(tx, viewer, reference);
  const locked = found && (await tx.first(Webhook, { id: found.id }, { lock: "change" }));
  if (locked === null) throw notFound("webhook", `webhook ${quote(reference)}`);
  return locked;
}

/** Finds a webhook without locking it. */
export async function requireWebhook(reader: Reader, viewer: Viewer, reference: string): Promise<Webhook> {
  const webhook = await findWebhook(reader, viewer, reference);
  if (webhook === null) throw notFound("webhook", `webhook ${quote(reference)}`);
  return webhook;
}

/** Finds a delivery and its webhook. */
export async function requireDelivery(
  reader: Reader,
  viewer: Viewer,
  id: string,
): Promise<{ delivery: WebhookDelivery; webhook: Webhook }> {
  const delivery = await reader.scoped.first(WebhookDelivery, { id: parseId("delivery", id) });
  const webhook = delivery && (await findWebhook(reader, viewer, delivery.webhookId));
  if (delivery === null || webhook === null) throw notFound("delivery", `delivery ${quote(id)}`);
  return { delivery, webhook };
}

/** Throws FORBIDDEN unless the viewer may perform the action on a webhook with these pipelines; null for all events. */
export function permitWebhook(viewer: Viewer, action: Action, pipelineIds: readonly string[] | null): void {
  permit(viewer, action);
  if (pipelineIds === null) permit(viewer, "manageUnrestrictedWebhooks");
}
