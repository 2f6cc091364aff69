import type { Node } from "../../entities/core/node.js";
import type { App } from "../../entities/pipelines/app.js";
import type { Blocker } from "../../entities/releases/plan.js";
import type { ForcedBlocker } from "../../entities/releases/promotion.js";
import { createBlocker } from "../gates/blocker.js";

/* What `force` went past, as a promotion keeps it. */

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

/** A kept blocker, with the rows that it refers to; null if the viewer does not see them. */
export function toBlocker(forced: ForcedBlocker, app: App | null, cause: Node | null): Blocker {
  const { code, message, context, remedies, clearsAt } = forced;
  const ends = clearsAt === null ? null : new Date(clearsAt);
  return createBlocker({ code, message, context, remedies: [...remedies], clearsAt: ends, app, cause });
}

/** What `force` went past in all waves, each once. */
export function mergeForced(before: readonly ForcedBlocker[], now: readonly ForcedBlocker[]): readonly ForcedBlocker[] {
  const keyOf = ({ code, appId, context, causeId }: ForcedBlocker) => JSON.stringify([code, appId, context, causeId]);
  const known = new Set(before.map(keyOf));
  const added = now.filter((one) => !known.has(keyOf(one)));
  return added.length === 0 ? before : [...before, ...added];
}
