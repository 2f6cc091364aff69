import type { Reader } from "../../database/rows/reader.js";
import type { Viewer } from "../../entities/access/token.js";
import { Role } from "../../entities/core/enums.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { Refusal } from "../core/refusal.js";

/** Every action, and the lowest role that may perform it. */
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
  advancePromotion: "OPERATOR",
  pausePromotion: "OPERATOR",
  resumePromotion: "OPERATOR",
  setWave: "OPERATOR",
  releaseAutomationHold: "OPERATOR",
  quarantineBuild: "OPERATOR",
  releaseBuild: "ADMIN",
  setVerification: "OPERATOR",
  loosenVerification: "ADMIN",
  cancelPromotion: "OPERATOR",
  retryPromotion: "OPERATOR",
  undoPromotion: "OPERATOR",
  reviewForcedPromotion: "OPERATOR",
  openReviewApp: "OPERATOR",
  closeReviewApp: "OPERATOR",
  updateStagePolicy: "OPERATOR",
  loosenStagePolicy: "ADMIN",
  createDeploymentWindow: "OPERATOR",
  updateDeploymentWindow: "OPERATOR",
  startFreeze: "OPERATOR",
  extendFreeze: "OPERATOR",
  liftFreeze: "OPERATOR",
  readWebhooks: "OPERATOR",
  createWebhook: "OPERATOR",
  updateWebhook: "OPERATOR",
  deleteWebhook: "OPERATOR",
  pauseWebhook: "OPERATOR",
  resumeWebhook: "OPERATOR",
  rotateWebhookSecret: "OPERATOR",
  rewindWebhook: "OPERATOR",
  redeliver: "OPERATOR",
  testWebhook: "OPERATOR",
  approvePromotion: "VIEWER",
  createApprovalRule: "OPERATOR",
  updateApprovalRule: "OPERATOR",
  loosenApprovalRule: "ADMIN",
  deleteApprovalRule: "ADMIN",
  setConfig: "OPERATOR",
  readConfig: "ADMIN",
  rotateConfigKeys: "ADMIN",
  removeChecks: "ADMIN",
  changeRepository: "ADMIN",
  loosenDeploymentWindow: "ADMIN",
  deleteDeploymentWindow: "ADMIN",
  liftOthersFreeze: "ADMIN",
  exemptFromFreeze: "ADMIN",
  moveCheckedCoupling: "ADMIN",
  removeCoupling: "ADMIN",
  deletePipeline: "ADMIN",
  deleteApp: "ADMIN",
  forcePromotion: "ADMIN",
  forceRelease: "ADMIN",
  readTokens: "ADMIN",
  readWebhookDeliveries: "ADMIN",
  manageUnrestrictedWebhooks: "ADMIN",
  createToken: "ADMIN",
  revokeToken: "ADMIN",
} as const satisfies Record<string, Role>;

export type Action = keyof typeof ACTIONS;

/**
 * What a token that is restricted to pipelines may do in them, if its role allows it. All other actions concern all
 * pipelines or none, and are forbidden.
 */
const PIPELINE_ACTIONS: ReadonlySet<Action> = new Set<Action>([
  ...(["read", "createBuild", "updateBuild", "reportStatus", "reportDeployment"] as const),
  ...(["updatePipeline", "updateApp", "addCoupling", "addChecks", "moveCoupling", "setAutoDeploy"] as const),
  ...([
    "createRelease",
    "rollback",
    "promote",
    "cancelPromotion",
    "retryPromotion",
    "undoPromotion",
    "reviewForcedPromotion",
    "openReviewApp",
    "closeReviewApp",
    "setWave",
  ] as const),
  ...(["advancePromotion", "pausePromotion", "resumePromotion", "setVerification", "loosenVerification"] as const),
  ...(["releaseAutomationHold", "quarantineBuild", "releaseBuild"] as const),
  ...(["removeChecks", "moveCheckedCoupling", "removeCoupling", "deletePipeline", "deleteApp"] as const),
  ...(["approvePromotion", "createApprovalRule", "updateApprovalRule"] as const),
  ...(["loosenApprovalRule", "deleteApprovalRule"] as const),
  ...(["forcePromotion", "forceRelease", "updateStagePolicy", "loosenStagePolicy"] as const),
  ...(["createDeploymentWindow", "updateDeploymentWindow", "loosenDeploymentWindow", "exemptFromFreeze"] as const),
  ...(["deleteDeploymentWindow", "startFreeze", "extendFreeze", "liftFreeze", "liftOthersFreeze"] as const),
  ...(["readWebhooks", "createWebhook", "updateWebhook", "deleteWebhook", "pauseWebhook", "resumeWebhook"] as const),
  ...(["rotateWebhookSecret", "rewindWebhook", "redeliver", "testWebhook"] as const),
  ...(["setConfig", "readConfig"] as const),
]);

const RANK = Object.keys(Role);

export function isPermitted(viewer: Viewer, action: Action): boolean {
  return hasRank(viewer, action) && !exceeds(viewer, action);
}

function hasRank({ role, readConfig }: Viewer, action: Action): boolean {
  // The token of a deployer may read config without the ADMIN role.
  if (action === "readConfig" && readConfig === true) return true;
  return RANK.indexOf(role) >= RANK.indexOf(ACTIONS[action]);
}

function exceeds({ scope }: Viewer, action: Action): boolean {
  return scope !== null && !PIPELINE_ACTIONS.has(action);
}

/**
 * Throws FORBIDDEN unless the viewer may perform the action. Every operation calls it first, before it reads anything.
 */
export function permit(viewer: Viewer, action: Action): void {
  if (!hasRank(viewer, action)) {
    throw new AccessDenied(action, `the ${ACTIONS[action]} role`, `this token has ${viewer.role}`);
  }
  if (exceeds(viewer, action)) throw new AccessDenied(action, UNRESTRICTED_TOKEN, RESTRICTED);
}

const UNRESTRICTED_TOKEN = "an unrestricted token";
const RESTRICTED = "this token is restricted to pipelines";

/**
 * Throws FORBIDDEN if the viewer is restricted to pipelines.
 *
 * @param part the part of the action that needs more, for example `name or repository`
 */
export function permitUnrestricted({ scope }: Viewer, action: Action, part: string): void {
  if (scope !== null) throw new AccessDenied(action, `${UNRESTRICTED_TOKEN} to change ${part}`, RESTRICTED);
}

/**
 * Throws FORBIDDEN unless the viewer may act on builds of a repository: a restricted viewer only on those of their
 * pipelines. The error is the same for a repository that does not exist.
 *
 * @param repository its current name
 * @param named the name that the viewer gave: an error with the current one would show what a former name leads to
 */
export async function permitRepository(
  reader: Reader,
  { scope }: Viewer,
  action: Action,
  repository: string,
  named: string = repository,
): Promise<void> {
  if (scope === null || (await reader.scoped.first(Pipeline, { repository })) !== null) return;
  throw new AccessDenied(
    action,
    "a repository of the pipelines that this token is restricted to",
    `${named} is not one of them`,
  );
}

/** FORBIDDEN because of the viewer's role or scope. */
export class AccessDenied extends Refusal {
  constructor(
    readonly action: Action,
    /** What the action requires. */
    readonly requirement: string,
    problem: string,
  ) {
    super("FORBIDDEN", `${action} requires ${requirement}; ${problem}.`);
  }

  /** Whether the action requires an administrator. */
  get elevated(): boolean {
    return ACTIONS[this.action] === "ADMIN";
  }
}
