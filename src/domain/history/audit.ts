import type { Viewer } from "../../entities/access/token.js";
import type { EventType } from "../../entities/history/event-type.js";
import { append } from "../../events/append.js";
import { changed } from "../../events/draft.js";
import type { AccessDenied } from "../access/actions.js";
import type { Ctx } from "../core/context.js";

/** Events that only administrators see, because they are about viewers. */
const AUDIT_EVENTS: readonly EventType[] = ["ACCESS_DENIED"];

/** The types of events that are hidden from a viewer, in queries and subscriptions. */
export function hiddenEvents({ role }: Pick<Viewer, "role">): readonly EventType[] {
  return role === "ADMIN" ? [] : AUDIT_EVENTS;
}

/** Appends an event for each denied action. */
export async function recordDenied(
  ctx: Pick<Ctx, "db" | "viewer" | "now">,
  denied: readonly AccessDenied[],
): Promise<void> {
  const { viewer } = ctx;
  const subject = { id: viewer.tokenId ?? viewer.name, name: viewer.name };
  const drafts = denied.map(({ action, requirement }) =>
    changed("ACCESS_DENIED", subject, `${action} denied for ${viewer.role}; it requires ${requirement}`),
  );
  await ctx.db.write((tx) => append(tx, viewer, ctx.now(), drafts));
}
