/**
 * The enums of the public API. Each is a constant object plus the union of its keys, so that a value is a plain string
 * in the database, in the domain and in responses. `schema/types/enums.ts` holds their descriptions.
 */

/** The four stages of a pipeline, in order. */
export const Stage = {
  REVIEW: "REVIEW",
  DEVELOPMENT: "DEVELOPMENT",
  STAGING: "STAGING",
  PRODUCTION: "PRODUCTION",
} as const;
export type Stage = keyof typeof Stage;

export const StatusState = { PENDING: "PENDING", SUCCESS: "SUCCESS", FAILURE: "FAILURE", ERROR: "ERROR" } as const;
export type StatusState = keyof typeof StatusState;

export const BuildPhase = { PENDING: "PENDING", SUCCEEDED: "SUCCEEDED", FAILED: "FAILED" } as const;
export type BuildPhase = keyof typeof BuildPhase;

export const ReleasePhase = {
  QUEUED: "QUEUED",
  DEPLOYING: "DEPLOYING",
  SUCCEEDED: "SUCCEEDED",
  FAILED: "FAILED",
  SUPERSEDED: "SUPERSEDED",
} as const;
export type ReleasePhase = keyof typeof ReleasePhase;

/** The phases that a deployer may report for a release. */
export const DeploymentPhase = { DEPLOYING: "DEPLOYING", SUCCEEDED: "SUCCEEDED", FAILED: "FAILED" } as const;
export type DeploymentPhase = keyof typeof DeploymentPhase;

export const DeploymentMode = { IMMEDIATE: "IMMEDIATE", REPORTED: "REPORTED" } as const;
export type DeploymentMode = keyof typeof DeploymentMode;

export const ReleaseTrigger = {
  DEPLOY: "DEPLOY",
  AUTO_DEPLOY: "AUTO_DEPLOY",
  PROMOTION: "PROMOTION",
  ROLLBACK: "ROLLBACK",
  CONFIG: "CONFIG",
} as const;
export type ReleaseTrigger = keyof typeof ReleaseTrigger;

/** What happens if the verification of a release fails. */
export const VerificationFailure = { STOP: "STOP", ROLL_BACK: "ROLL_BACK", RECORD: "RECORD" } as const;
export type VerificationFailure = keyof typeof VerificationFailure;

export const AutoDeployOutcome = {
  DEPLOYED: "DEPLOYED",
  WAITING: "WAITING",
  HELD: "HELD",
  SUPERSEDED: "SUPERSEDED",
  NOT_NEWER: "NOT_NEWER",
} as const;
export type AutoDeployOutcome = keyof typeof AutoDeployOutcome;

export const PromotionPhase = {
  WAITING: "WAITING",
  IN_PROGRESS: "IN_PROGRESS",
  SUCCEEDED: "SUCCEEDED",
  PARTIALLY_SUCCEEDED: "PARTIALLY_SUCCEEDED",
  FAILED: "FAILED",
  CANCELLED: "CANCELLED",
  EXPIRED: "EXPIRED",
  REJECTED: "REJECTED",
  SUPERSEDED: "SUPERSEDED",
} as const;
export type PromotionPhase = keyof typeof PromotionPhase;

export const PromotionTargetPhase = {
  WAITING: "WAITING",
  QUEUED: "QUEUED",
  DEPLOYING: "DEPLOYING",
  VERIFYING: "VERIFYING",
  SUCCEEDED: "SUCCEEDED",
  FAILED: "FAILED",
  SUPERSEDED: "SUPERSEDED",
  CANCELLED: "CANCELLED",
  ROLLED_BACK: "ROLLED_BACK",
} as const;
export type PromotionTargetPhase = keyof typeof PromotionTargetPhase;

export const BlockerCode = {
  NO_RELEASE: "NO_RELEASE",
  RELEASE_NOT_SUCCEEDED: "RELEASE_NOT_SUCCEEDED",
  NO_NEXT_STAGE: "NO_NEXT_STAGE",
  NO_TARGETS: "NO_TARGETS",
  UP_TO_DATE: "UP_TO_DATE",
  CHECK_MISSING: "CHECK_MISSING",
  CHECK_PENDING: "CHECK_PENDING",
  CHECK_FAILED: "CHECK_FAILED",
  REPOSITORY_MISMATCH: "REPOSITORY_MISMATCH",
  APPROVAL_REQUIRED: "APPROVAL_REQUIRED",
  WINDOW_CLOSED: "WINDOW_CLOSED",
  FROZEN: "FROZEN",
  NOT_BEFORE: "NOT_BEFORE",
  SOAKING: "SOAKING",
  NOT_VERIFIED: "NOT_VERIFIED",
  BUILD_QUARANTINED: "BUILD_QUARANTINED",
  CONFIG_MISSING: "CONFIG_MISSING",
  GATE_FAILED: "GATE_FAILED",
  WAVE_NOT_ENDED: "WAVE_NOT_ENDED",
  PARALLEL_LIMIT: "PARALLEL_LIMIT",
  WAVE_PAUSE: "WAVE_PAUSE",
  MANUAL_WAVE: "MANUAL_WAVE",
  PAUSED: "PAUSED",
} as const;
export type BlockerCode = keyof typeof BlockerCode;

export const Remedy = {
  REPORT_STATUS: "REPORT_STATUS",
  APPROVE: "APPROVE",
  WAIT: "WAIT",
  LIFT_FREEZE: "LIFT_FREEZE",
  SET_CONFIG: "SET_CONFIG",
  DEPLOY: "DEPLOY",
  FORCE: "FORCE",
  ADVANCE: "ADVANCE",
  RESUME: "RESUME",
  RELEASE_BUILD: "RELEASE_BUILD",
} as const;
export type Remedy = keyof typeof Remedy;

export const ApprovalDecision = { APPROVED: "APPROVED", REJECTED: "REJECTED" } as const;
export type ApprovalDecision = keyof typeof ApprovalDecision;

/** Why an approval does not count any more. */
export const VoidReason = {
  WITHDRAWN: "WITHDRAWN",
  EXPIRED: "EXPIRED",
  RULE_CHANGED: "RULE_CHANGED",
  CREDENTIAL_REVOKED: "CREDENTIAL_REVOKED",
  CHECK_FAILED: "CHECK_FAILED",
} as const;
export type VoidReason = keyof typeof VoidReason;

/** How the config vars of a target are compared. From loosest to strictest. */
export const ConfigParity = { OFF: "OFF", REQUIRED: "REQUIRED", SUPERSET: "SUPERSET", EXACT: "EXACT" } as const;
export type ConfigParity = keyof typeof ConfigParity;

/** The progress of reporting a release to GitHub. */
export const GithubReportPhase = { PENDING: "PENDING", DELIVERED: "DELIVERED", FAILED: "FAILED" } as const;
export type GithubReportPhase = keyof typeof GithubReportPhase;

/** The states of a GitHub deployment that Railyard reports. */
export const GithubDeploymentState = {
  QUEUED: "QUEUED",
  IN_PROGRESS: "IN_PROGRESS",
  SUCCESS: "SUCCESS",
  FAILURE: "FAILURE",
  INACTIVE: "INACTIVE",
} as const;
export type GithubDeploymentState = keyof typeof GithubDeploymentState;

/** In ascending order of privilege. Each role includes the permissions of the roles before it. */
export const Role = { VIEWER: "VIEWER", REPORTER: "REPORTER", OPERATOR: "OPERATOR", ADMIN: "ADMIN" } as const;
export type Role = keyof typeof Role;

/** Whether deployments may begin while a window is active (ALLOW), or may not (DENY). */
export const WindowKind = { ALLOW: "ALLOW", DENY: "DENY" } as const;
export type WindowKind = keyof typeof WindowKind;

/** The format of a webhook's requests. */
export const WebhookFormat = {
  RAILYARD: "RAILYARD",
  CLOUDEVENTS: "CLOUDEVENTS",
  CDEVENTS: "CDEVENTS",
  SLACK: "SLACK",
} as const;
export type WebhookFormat = keyof typeof WebhookFormat;

export const WebhookState = { ACTIVE: "ACTIVE", FAILING: "FAILING", PAUSED: "PAUSED", DISABLED: "DISABLED" } as const;
export type WebhookState = keyof typeof WebhookState;

/** The outcome of a delivery from GitHub. */
export const GithubDeliveryOutcome = {
  APPLIED: "APPLIED",
  IGNORED: "IGNORED",
  PENDING: "PENDING",
  EXPIRED: "EXPIRED",
  REFUSED: "REFUSED",
} as const;
export type GithubDeliveryOutcome = keyof typeof GithubDeliveryOutcome;

/* What lists are sorted by. CREATED and UPDATED use positions that the database assigns, instead of a clock. */

export const OrderDirection = { ASC: "ASC", DESC: "DESC" } as const;
export type OrderDirection = keyof typeof OrderDirection;

export const PipelineOrderField = { CREATED: "CREATED", NAME: "NAME", UPDATED: "UPDATED" } as const;
export type PipelineOrderField = keyof typeof PipelineOrderField;

export const AppOrderField = { CREATED: "CREATED", NAME: "NAME", UPDATED: "UPDATED" } as const;
export type AppOrderField = keyof typeof AppOrderField;

export const BuildOrderField = { CREATED: "CREATED" } as const;
export type BuildOrderField = keyof typeof BuildOrderField;

export const ReleaseOrderField = { CREATED: "CREATED" } as const;
export type ReleaseOrderField = keyof typeof ReleaseOrderField;

export const PromotionOrderField = { CREATED: "CREATED", UPDATED: "UPDATED" } as const;
export type PromotionOrderField = keyof typeof PromotionOrderField;
