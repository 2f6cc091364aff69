import type { Reader } from "../../database/rows/reader.js";
import { type Scope, Token } from "../../entities/access/token.js";
import type { Role } from "../../entities/core/enums.js";
import type { Webhook } from "../../entities/webhooks/webhook.js";
import type { EventFilter } from "../../events/match.js";
import { isValid } from "../access/credentials.js";
import { hiddenEvents } from "../history/audit.js";
import { getTypes } from "./message.js";

/** What a webhook may see: what the token that created it may see, within the webhook's pipelines. */
export interface WebhookView {
  readonly role: Role;
  /** The pipelines whose events it sees; null for all events. */
  readonly scope: Scope | null;
}

/**
 * Finds out what a webhook may see now.
 *
 * @returns how its token has ended, if it has
 */
export async function loadView(
  reader: Reader,
  webhook: Webhook,
  now: Date,
): Promise<WebhookView | "revoked" | "expired"> {
  const { tokenId, pipelineIds, role } = webhook;
  if (tokenId === null) return { role, scope: pipelineIds };
  const token = await reader.first(Token, { id: tokenId });
  if (token === null || !isValid(token, now)) return token?.revokedAt === null ? "expired" : "revoked";
  const { scope } = token;
  if (pipelineIds === null || scope === null) return { role: token.role, scope: pipelineIds ?? scope };
  return { role: token.role, scope: pipelineIds.filter((id) => scope.includes(id)) };
}

/** The events that a webhook sends, before its format leaves any out. */
export function toFilter(webhook: Webhook, view: WebhookView): EventFilter {
  return { types: getTypes(webhook), app: webhook.appId, hidden: hiddenEvents(view), within: view.scope };
}
