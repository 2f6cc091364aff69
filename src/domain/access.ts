import type { Viewer } from "../entities/token.js";
import { Role } from "../entities/vocabulary.js";
import { Refusal } from "./refusal.js";

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

const RANK = Object.keys(Role);

export function isPermitted(viewer: Viewer, action: Action): boolean {
  return RANK.indexOf(viewer.role) >= RANK.indexOf(ACTIONS[action]);
}

/**
 * Lets the viewer pass, or throws FORBIDDEN. It comes first in every verb, before anything is read that the viewer may
 * not see.
 */
export function permit(viewer: Viewer, action: Action): void {
  if (!isPermitted(viewer, action)) throw new AccessDenied(viewer, action);
}

/** FORBIDDEN, because of who asks. */
export class AccessDenied extends Refusal {
  constructor(
    viewer: Viewer,
    readonly action: Action,
  ) {
    const needed = ACTIONS[action];
    super("FORBIDDEN", `${sentence(action)} needs the role ${needed}; this token's is ${viewer.role}.`);
  }

  /** Whether only an administrator may do what was tried. */
  get elevated(): boolean {
    return ACTIONS[this.action] === "ADMIN";
  }
}

/** `removeChecks` → `To remove checks`. */
export function sentence(action: Action): string {
  return `To ${action.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}`;
}
