import type { Reader } from "../../database/rows/reader.js";
import type { Viewer } from "../../entities/access/token.js";
import { Role } from "../../entities/core/enums.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { Refusal } from "../core/refusal.js";

/** Every action, and the least role that may do it. */
export const ACTIONS = {
  read: "VIEWER",
  createBuild: "REPORTER",
  updateBuild: "REPORTER",
  reportStatus: "REPORTER",
  reportDeployment: "REPORTER",
  createPipeline: "OPERATOR",
  updatePipeline: "OPERATOR",
  createApp: "OPERATOR",
  updateApp: "OPERATOR",
  addCoupling: "OPERATOR",
  addChecks: "OPERATOR",
  moveCoupling: "OPERATOR",
  setAutoDeploy: "OPERATOR",
  createRelease: "OPERATOR",
  rollback: "OPERATOR",
  promote: "OPERATOR",
  openReviewApp: "OPERATOR",
  closeReviewApp: "OPERATOR",
  removeChecks: "ADMIN",
  moveCheckedCoupling: "ADMIN",
  removeCoupling: "ADMIN",
  deletePipeline: "ADMIN",
  deleteApp: "ADMIN",
  forcePromotion: "ADMIN",
  releasePastChecks: "ADMIN",
  readTokens: "ADMIN",
  createToken: "ADMIN",
  revokeToken: "ADMIN",
} as const satisfies Record<string, Role>;

export type Action = keyof typeof ACTIONS;

/**
 * What a token that is limited to pipelines may do in them, as far as its role goes. Whatever is not here is about all
 * pipelines, or about none, and refused to it.
 */
const PIPELINE_ACTIONS: ReadonlySet<Action> = new Set<Action>([
  ...(["read", "createBuild", "updateBuild", "reportStatus", "reportDeployment"] as const),
  ...(["updatePipeline", "updateApp", "addCoupling", "addChecks", "moveCoupling", "setAutoDeploy"] as const),
  ...(["createRelease", "rollback", "promote", "openReviewApp", "closeReviewApp"] as const),
  ...(["removeChecks", "moveCheckedCoupling", "removeCoupling", "deletePipeline", "deleteApp"] as const),
  ...(["forcePromotion", "releasePastChecks"] as const),
]);

const RANK = Object.keys(Role);

export function isPermitted(viewer: Viewer, action: Action): boolean {
  return hasRank(viewer, action) && !exceeds(viewer, action);
}

function hasRank({ role }: Viewer, action: Action): boolean {
  return RANK.indexOf(role) >= RANK.indexOf(ACTIONS[action]);
}

function exceeds({ scope }: Viewer, action: Action): boolean {
  return scope !== null && !PIPELINE_ACTIONS.has(action);
}

/**
 * Lets the viewer pass, or throws FORBIDDEN. It comes first in every verb, before anything is read that the viewer may
 * not see.
 */
export function permit(viewer: Viewer, action: Action): void {
  if (!hasRank(viewer, action)) {
    throw new AccessDenied(action, `the role ${ACTIONS[action]}`, `this token's is ${viewer.role}`);
  }
  if (exceeds(viewer, action)) throw new AccessDenied(action, UNRESTRICTED_TOKEN, RESTRICTED);
}

const UNRESTRICTED_TOKEN = "a token that is not limited to pipelines";
const RESTRICTED = "this one is";

/**
 * Lets the viewer pass who is not limited to pipelines, or throws FORBIDDEN.
 *
 * @param part which part of the action it is, as `the name or repository of a pipeline`
 */
export function permitUnrestricted({ scope }: Viewer, action: Action, part: string): void {
  if (scope !== null) throw new AccessDenied(action, `${UNRESTRICTED_TOKEN} where it is about ${part}`, RESTRICTED);
}

/**
 * Lets the viewer do something with the builds of a repository: whoever is limited to pipelines, with those of their
 * pipelines. What is said of any other is the same whether or not there is such a one.
 */
export async function permitRepository(
  reader: Reader,
  { scope }: Viewer,
  action: Action,
  repository: string,
): Promise<void> {
  if (scope === null || (await reader.scoped.first(Pipeline, { repository })) !== null) return;
  throw new AccessDenied(
    action,
    "the repository of a pipeline that this token is limited to",
    `${repository} is of none`,
  );
}

/** FORBIDDEN, because of who asks. */
export class AccessDenied extends Refusal {
  /** @param needed what the action needs, and `but` what there is instead */
  constructor(
    readonly action: Action,
    readonly needed: string,
    but: string,
  ) {
    super("FORBIDDEN", `${denialMessage(action)} needs ${needed}; ${but}.`);
  }

  /** Whether only an administrator may do what was tried. */
  get elevated(): boolean {
    return ACTIONS[this.action] === "ADMIN";
  }
}

/** `removeChecks` → `To remove checks`. */
export function denialMessage(action: Action): string {
  return `To ${action.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}`;
}
