import type { Node } from "../../entities/core/node.js";
import type { App } from "../../entities/pipelines/app.js";
import type { Blocker } from "../../entities/releases/plan.js";
import type { ForcedBlocker } from "../../entities/releases/promotion.js";
import { createBlocker } from "../gates/blocker.js";

/* Converts the blockers that `force` bypassed to and from the form in which a promotion stores them. */

export function toForced(blockers: readonly Blocker[]): ForcedBlocker[] {
  return blockers.map(({ code, message, app, context, remedies, clearsAt, cause }) => ({
    code,
    message,
    appId: app?.id ?? null,
    context,
    remedies,
    clearsAt: clearsAt?.toISOString() ?? null,
    causeId: cause?.id ?? null,
  }));
}

/**
 * Converts a stored blocker.
 *
 * @param app the app that it refers to; null if none, or if the viewer may not see it
 * @param cause the object that caused it; null if none, or if the viewer may not see it
 */
export function toBlocker(forced: ForcedBlocker, app: App | null, cause: Node | null): Blocker {
  const { code, message, context, remedies, clearsAt } = forced;
  const ends = clearsAt === null ? null : new Date(clearsAt);
  return createBlocker({ code, message, context, remedies: [...remedies], clearsAt: ends, app, cause });
}

/** Merges the blockers that `force` bypassed in several waves, without duplicates. */
export function mergeForced(before: readonly ForcedBlocker[], now: readonly ForcedBlocker[]): readonly ForcedBlocker[] {
  const toKey = ({ code, appId, context, causeId }: ForcedBlocker) => JSON.stringify([code, appId, context, causeId]);
  const known = new Set(before.map(toKey));
  const added = now.filter((one) => !known.has(toKey(one)));
  return added.length === 0 ? before : [...before, ...added];
}
