import type { Tx } from "../../database/rows/tx.js";
import type { WebhookFormat } from "../../entities/core/enums.js";
import { type EventType, EventType as EventTypes } from "../../entities/history/event-type.js";
import { Webhook } from "../../entities/webhooks/webhook.js";
import { QueuedEvent, WebhookDelivery } from "../../entities/webhooks/webhook-delivery.js";
import { append } from "../../events/append.js";
import { logBounds } from "../../events/bounds.js";
import { changed } from "../../events/draft.js";
import { permit } from "../access/actions.js";
import type { Ctx, TxCtx } from "../core/context.js";
import { LIMITS, parseName } from "../core/input.js";
import { requireApp, requirePipeline } from "../core/references.js";
import { badInput, conflict } from "../core/refusal.js";
import { formatValue } from "../core/values/format-value.js";
import { newId } from "../core/values/id.js";
import { lockWebhook, permitWebhook } from "./access.js";
import { newSigningSecret, parseSigningSecret } from "./signature.js";

/** The most webhooks of an installation. */
const MAX_WEBHOOKS = 200;

export interface CreateWebhookInput {
  readonly name: string;
  readonly url: string;
  readonly format?: WebhookFormat | null;
  readonly types?: readonly EventType[] | null;
  readonly pipelines?: readonly string[] | null;
  readonly app?: string | null;
  readonly ordered?: boolean | null;
  readonly secret?: string | null;
  readonly authorization?: string | null;
}

/**
 * Creates a webhook that sends the events that are committed from now on, beginning with its creation.
 *
 * @returns the webhook, and its signing secret, which is returned only here
 */
export async function createWebhook(
  ctx: Ctx,
  input: CreateWebhookInput,
): Promise<{ webhook: Webhook; secret: string }> {
  const { viewer, sender } = ctx;
  permit(viewer, "createWebhook");
  const name = parseName("name", input.name);
  const url = sender.checkUrl("url", input.url);
  const types = parseTypes(input.types);
  const secret = input.secret == null ? newSigningSecret() : parseSigningSecret("secret", input.secret);
  const authorizationHeader = parseAuthorization(input.authorization);
  const webhook = await ctx.db.write(async (tx) => {
    const pipelineIds = await findPipelines(tx, ctx, input.pipelines);
    permitWebhook(viewer, "createWebhook", pipelineIds);
    const appId = input.app == null ? null : (await requireApp(tx, "app", input.app)).id;
    await requireFreeName(tx, name);
    if ((await tx.count(Webhook, {})) >= MAX_WEBHOOKS)
      throw conflict(`There are ${MAX_WEBHOOKS} webhooks already; delete one first.`);
    const now = ctx.now();
    const made = Object.assign(new Webhook(), {
      ...{ id: newId(), name, url, format: input.format ?? "RAILYARD", types, pipelineIds, appId },
      ...{ ordered: input.ordered ?? true, state: "ACTIVE", position: (await logBounds(tx)).head },
      ...{ secret, previousSecret: null, previousSecretUntil: null, authorizationHeader },
      ...{ ...credential(ctx), ...NO_FAILURES, leaseOwner: null, leaseUntil: null, createdAt: now, updatedAt: now },
    } satisfies Omit<Webhook, "cursor">);
    await tx.insert(Webhook, [made]);
    await append(tx, viewer, now, [webhookEvent("WEBHOOK_CREATED", made, `Webhook ${name} created`)]);
    return made;
  });
  return { webhook, secret };
}

export interface UpdateWebhookInput {
  readonly webhook: string;
  readonly name?: string | null;
  readonly url?: string | null;
  readonly format?: WebhookFormat | null;
  /** Null for all types. */
  readonly types?: readonly EventType[] | null;
  /** Null for all events. */
  readonly pipelines?: readonly string[] | null;
  readonly ordered?: boolean | null;
}

/** Changes the given fields. The cursor stays, except when `ordered` is switched on. */
export async function updateWebhook(ctx: Ctx, input: UpdateWebhookInput): Promise<Webhook> {
  const { viewer, sender } = ctx;
  permit(viewer, "updateWebhook");
  const name = input.name == null ? null : parseName("name", input.name);
  const url = input.url == null ? null : sender.checkUrl("url", input.url);
  const types = input.types === undefined ? undefined : parseTypes(input.types);
  return ctx.db.write(async (tx) => {
    const webhook = await lockWebhook(tx, viewer, input.webhook);
    const pipelineIds = input.pipelines === undefined ? undefined : await findPipelines(tx, ctx, input.pipelines);
    if (pipelineIds !== undefined) permitWebhook(viewer, "updateWebhook", pipelineIds);
    const patch: Partial<Webhook> = {
      ...(name !== null && name !== webhook.name && { name }),
      ...(url !== null && url !== webhook.url && { url }),
      ...(input.format != null && input.format !== webhook.format && { format: input.format }),
      ...(types !== undefined && JSON.stringify(types) !== JSON.stringify(webhook.types) && { types }),
      ...(pipelineIds !== undefined &&
        JSON.stringify(pipelineIds) !== JSON.stringify(webhook.pipelineIds) && { pipelineIds }),
      ...(input.ordered != null && input.ordered !== webhook.ordered && { ordered: input.ordered }),
    };
    if (patch.name !== undefined) await requireFreeName(tx, patch.name);
    if (patch.ordered === true) await returnQueued(tx, webhook, patch);
    const fields = Object.keys(patch).filter((field) => field !== "position");
    if (fields.length === 0) return webhook;
    const labels = fields.map((field) => (field === "pipelineIds" ? "pipelines" : field));
    const renamed = patch.name === undefined ? "" : `; it was ${formatValue(webhook.name)}`;
    await saveChange(
      tx,
      ctx,
      webhook,
      patch,
      `Webhook ${patch.name ?? webhook.name}: ${labels.join(", ")} changed${renamed}`,
    );
    return webhook;
  });
}

/**
 * Moves the cursor back before the first queued event, so that queued events are sent in order. Some later events are
 * sent twice.
 */
async function returnQueued(tx: Tx, webhook: Webhook, patch: Partial<Webhook>): Promise<void> {
  const first = await tx.first(QueuedEvent, { webhookId: webhook.id }, { order: "eventPosition" });
  if (first === null) return;
  patch.position = first.eventPosition - 1;
  await tx.delete(QueuedEvent, { webhookId: webhook.id });
}

/** Deletes a webhook, its deliveries and its cursor. */
export async function deleteWebhook(ctx: Ctx, input: { readonly webhook: string }): Promise<Webhook> {
  permit(ctx.viewer, "deleteWebhook");
  return ctx.db.write(async (tx) => {
    const webhook = await lockWebhook(tx, ctx.viewer, input.webhook);
    const { id, name } = webhook;
    await tx.delete(QueuedEvent, { webhookId: id });
    await tx.delete(WebhookDelivery, { webhookId: id });
    await tx.delete(Webhook, { id });
    await append(tx, ctx.viewer, ctx.now(), [webhookEvent("WEBHOOK_DELETED", webhook, `Webhook ${name} deleted`)]);
    return webhook;
  });
}

/** The fields of a webhook whose last attempt succeeded. */
export const NO_FAILURES = { failures: 0, failingSince: null, retriesAt: null, problem: null } as const;

/**
 * The token whose rights a webhook has. A login of an external identity provider has no token; then only its role
 * counts.
 */
export function credential({ viewer }: Pick<Ctx, "viewer">): Pick<Webhook, "tokenId" | "role"> {
  return { tokenId: viewer.expiresAt === undefined ? viewer.tokenId : null, role: viewer.role };
}

/** Writes a change and its event, and applies it to the instance. */
export async function saveChange(
  tx: Tx,
  ctx: TxCtx,
  webhook: Webhook,
  patch: Partial<Webhook>,
  summary: string,
): Promise<void> {
  const change = { ...patch, updatedAt: ctx.now() };
  await tx.update(Webhook, { id: webhook.id }, change);
  Object.assign(webhook, change);
  await append(tx, ctx.viewer, ctx.now(), [webhookEvent("WEBHOOK_UPDATED", webhook, summary)]);
}

/** An event about a webhook. If the webhook has exactly one pipeline, the event belongs to that pipeline. */
export function webhookEvent(
  type: "WEBHOOK_CREATED" | "WEBHOOK_UPDATED" | "WEBHOOK_DELETED",
  webhook: Webhook,
  summary: string,
) {
  const { pipelineIds } = webhook;
  const pipelineId = pipelineIds?.length === 1 ? (pipelineIds[0] ?? null) : null;
  return changed(type, webhook, summary, { pipelineId });
}

async function requireFreeName(tx: Tx, name: string): Promise<void> {
  if ((await tx.first(Webhook, { name })) !== null)
    throw conflict(`There is already a webhook ${name}; choose another name.`);
}

/** The sorted ids of the named pipelines; those of the token if none are named; null if it is unrestricted too. */
async function findPipelines(
  tx: Tx,
  { viewer }: TxCtx,
  references: readonly string[] | null | undefined,
): Promise<string[] | null> {
  if (references == null) return viewer.scope === null ? null : [...viewer.scope].sort();
  if (references.length === 0)
    throw badInput("pipelines", "pipelines must name a pipeline, or be left out for the events of all.");
  if (references.length > LIMITS.pipelinesOfToken) {
    const most = LIMITS.pipelinesOfToken;
    throw badInput("pipelines", `pipelines must name at most ${most} pipelines; it has ${references.length}.`);
  }
  const ids = new Set<string>();
  for (const [index, reference] of references.entries())
    ids.add((await requirePipeline(tx, `pipelines.${index}`, reference)).id);
  return [...ids].sort();
}

function parseTypes(types: readonly EventType[] | null | undefined): EventType[] | null {
  if (types == null) return null;
  if (types.length === 0) throw badInput("types", "types must name a type of event, or be left out for all.");
  const known = Object.keys(EventTypes) as EventType[];
  return known.filter((type) => types.includes(type));
}

function parseAuthorization(text: string | null | undefined): string | null {
  if (text == null) return null;
  if (/^[\x21-\x7e]([\x20-\x7e]{0,1022}[\x21-\x7e])?$/.test(text)) return text;
  throw badInput("authorization", "authorization must be 1 to 1,024 visible ASCII characters.");
}
