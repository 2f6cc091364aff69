import type { Remedy } from "../../entities/core/enums.js";
import type { Node } from "../../entities/core/node.js";
import type { App } from "../../entities/pipelines/app.js";
import { Blocker } from "../../entities/releases/plan.js";

type BlockerFields = Pick<Blocker, "code" | "message" | "remedies"> &
  Partial<Pick<Blocker, "app" | "context" | "clearsAt" | "cause">>;

/** Creates a blocker. It can be forced if FORCE is one of its remedies. */
export function createBlocker(fields: BlockerFields): Blocker {
  // Assigned field by field for speed: a plan may have many thousand blockers.
  const blocker = new Blocker();
  blocker.code = fields.code;
  blocker.message = fields.message;
  blocker.app = fields.app ?? null;
  blocker.context = fields.context ?? null;
  blocker.clearsAt = fields.clearsAt ?? null;
  blocker.cause = fields.cause ?? null;
  blocker.remedies = fields.remedies;
  blocker.overridable = fields.remedies.includes("FORCE");
  return blocker;
}

/** Whether something other than force can clear the blocker, so that it makes sense to wait. */
export function isClearable({ remedies }: { readonly remedies: readonly Remedy[] }): boolean {
  return remedies.some((remedy) => remedy !== "FORCE");
}

/** A reason why all apps with the same windows and freezes are closed. It becomes a blocker for each app. */
export interface Closure {
  readonly code: Blocker["code"];
  readonly cause: Node;
  readonly clearsAt: Date | null;
  readonly remedies: Remedy[];
  /** @param name of the app */
  toMessage(name: string): string;
}

/** The blockers of an app. */
export function toBlockers(app: App, closures: readonly Closure[]): Blocker[] {
  return closures.map((closure) => {
    const { code, cause, clearsAt, remedies } = closure;
    return createBlocker({ code, message: closure.toMessage(app.name), app, cause, clearsAt, remedies });
  });
}
