import type { Remedy } from "../../entities/core/enums.js";
import { Blocker } from "../../entities/releases/plan.js";

type BlockerFields = Pick<Blocker, "code" | "message" | "remedies"> &
  Partial<Pick<Blocker, "app" | "context" | "clearsAt" | "cause">>;

/** Creates a blocker. It can be forced if FORCE is one of its remedies. */
export function createBlocker(fields: BlockerFields): Blocker {
  const defaults = { app: null, context: null, clearsAt: null, cause: null };
  return Object.assign(new Blocker(), { ...defaults, ...fields, overridable: fields.remedies.includes("FORCE") });
}

/** Whether something other than force can clear the blocker, so that it makes sense to wait. */
export function isClearable({ remedies }: { readonly remedies: readonly Remedy[] }): boolean {
  return remedies.some((remedy) => remedy !== "FORCE");
}
