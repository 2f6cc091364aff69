import sql from "sql-template-tag";
import { columns } from "../../database/rows/raw-rows.js";
import type { Reader } from "../../database/rows/reader.js";
import { Token } from "../../entities/access/token.js";
import { decodeCursor } from "../../entities/history/event-cursor.js";
import type { Webhook } from "../../entities/webhooks/webhook.js";
import { QueuedEvent } from "../../entities/webhooks/webhook-delivery.js";
import { logBounds } from "../../events/bounds.js";
import { permit } from "../access/actions.js";
import { isValid } from "../access/credentials.js";
import type { Ctx } from "../core/context.js";
import { badInput, conflict } from "../core/refusal.js";
import { formatDuration, parseDuration } from "../core/values/duration.js";
import { cursorExpired } from "../history/events.js";
import { lockWebhook } from "./access.js";
import { newSigningSecret, parseSigningSecret } from "./signature.js";
import { credential, NO_FAILURES, saveChange } from "./webhooks.js";

interface WebhookInput {
  readonly webhook: string;
}

/** Stops sending until the webhook is resumed. A running request is completed. */
export async function pauseWebhook(ctx: Ctx, input: WebhookInput): Promise<Webhook> {
  permit(ctx.viewer, "pauseWebhook");
  return ctx.db.write(async (tx) => {
    const webhook = await lockWebhook(tx, ctx.viewer, input.webhook);
    if (webhook.state === "PAUSED") return webhook;
    const patch = { state: "PAUSED", retriesAt: null, problem: null } as const;
    await saveChange(tx, ctx, webhook, patch, `Webhook ${webhook.name} paused`);
    return webhook;
  });
}

/**
 * Sends again from the cursor on, including events that wait for a retry. If the token that created the webhook was
 * revoked or has expired, the webhook gets the viewer's rights.
 *
 * @throws Refusal CONFLICT if events after the cursor were pruned
 */
export async function resumeWebhook(ctx: Ctx, input: WebhookInput): Promise<Webhook> {
  permit(ctx.viewer, "resumeWebhook");
  return ctx.db.write(async (tx) => {
    const webhook = await lockWebhook(tx, ctx.viewer, input.webhook);
    if (webhook.state === "ACTIVE") return webhook;
    const { oldest } = await logBounds(tx);
    if (webhook.position < oldest) throw conflict(`${webhook.name} is ${BEHIND_RETENTION} Rewind it first.`);
    const token = webhook.tokenId === null ? null : await tx.first(Token, { id: webhook.tokenId });
    const ended = token !== null && !isValid(token, ctx.now());
    await tx.update(QueuedEvent, { webhookId: webhook.id }, { dueAt: ctx.now() });
    const patch = { state: "ACTIVE", ...NO_FAILURES, ...(ended && credential(ctx)) } as const;
    await saveChange(tx, ctx, webhook, patch, `Webhook ${webhook.name} resumed`);
    return webhook;
  });
}

/** Why a webhook is paused whose next events were pruned. */
export const BEHIND_RETENTION = "behind the log: events after its cursor were pruned.";

export interface RotateWebhookSecretInput extends WebhookInput {
  /** How long requests are signed with the previous secret too. @default 24h */
  readonly overlap?: string | null;
  /** The new secret. @default a random one */
  readonly secret?: string | null;
}

/** Replaces the signing secret. The new one is returned only here. */
export async function rotateWebhookSecret(
  ctx: Ctx,
  input: RotateWebhookSecretInput,
): Promise<{ webhook: Webhook; secret: string }> {
  permit(ctx.viewer, "rotateWebhookSecret");
  const overlap = parseDuration("overlap", input.overlap ?? "24h", "0s", "30d");
  const secret = input.secret == null ? newSigningSecret() : parseSigningSecret("secret", input.secret);
  const webhook = await ctx.db.write(async (tx) => {
    const webhook = await lockWebhook(tx, ctx.viewer, input.webhook);
    const previous =
      overlap === 0
        ? { previousSecret: null, previousSecretUntil: null }
        : { previousSecret: webhook.secret, previousSecretUntil: new Date(ctx.now().getTime() + overlap) };
    const valid = overlap === 0 ? "" : `; the previous one is valid for ${formatDuration(overlap)}`;
    const summary = `Secret of webhook ${webhook.name} rotated${valid}`;
    await saveChange(tx, ctx, webhook, { secret, ...previous }, summary);
    return webhook;
  });
  return { webhook, secret };
}

export interface RewindWebhookInput extends WebhookInput {
  /** The cursor to continue after. */
  readonly to?: string | null;
  /** Or the time to continue from. */
  readonly since?: Date | null;
}

/**
 * Moves the cursor. Events after it are sent, again if they were sent before. Queued events before it are still
 * retried. Moving it ahead skips events.
 *
 * @throws Refusal CURSOR_EXPIRED if events after it were pruned
 */
export async function rewindWebhook(ctx: Ctx, input: RewindWebhookInput): Promise<Webhook> {
  permit(ctx.viewer, "rewindWebhook");
  const { to, since } = input;
  if ((to == null) === (since == null)) throw badInput("to", "Exactly one of to and since must be given.");
  return ctx.db.write(async (tx) => {
    const webhook = await lockWebhook(tx, ctx.viewer, input.webhook);
    const position = to == null ? await positionAt(tx, since as Date) : await parseCursor(tx, to);
    const { id, name, state } = webhook;
    await tx.deleteWhere(QueuedEvent, sql`e.webhook_id = ${id} AND e.event_position > ${position}`);
    const patch = { position, ...NO_FAILURES, state: state === "FAILING" ? "ACTIVE" : state } as const;
    const direction = position <= webhook.position ? "rewound" : "moved ahead";
    await saveChange(tx, ctx, webhook, patch, `Webhook ${name} ${direction}`);
    return webhook;
  });
}

async function parseCursor(reader: Reader, cursor: string): Promise<number> {
  const position = decodeCursor(cursor);
  const { head, oldest } = await logBounds(reader);
  if (position === null || position > head) throw badInput("to", "to must be a cursor that this log has given.");
  if (position < oldest) throw cursorExpired(oldest, "to");
  return position;
}

const POSITION = columns({ position: "integer", occurred_at: "integer" });

/** The position before the first event at or after a time. */
async function positionAt(reader: Reader, since: Date): Promise<number> {
  const { head, oldest } = await logBounds(reader);
  const [first] = await reader.query(
    "first_event_since",
    POSITION,
    sql`SELECT position, occurred_at FROM events WHERE occurred_at >= ${since.getTime()} ORDER BY position LIMIT 1`,
  );
  if (first === undefined) return head;
  // It is the first retained event. Earlier ones in this range may have been pruned.
  if (oldest > 0 && first.position === oldest + 1) throw cursorExpired(oldest, "since");
  return first.position - 1;
}
