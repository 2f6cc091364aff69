/* API objects with the fields that the operations in this folder select. A test validates every document against the schema. */

export type Stage = "REVIEW" | "DEVELOPMENT" | "STAGING" | "PRODUCTION";
export type StatusState = "PENDING" | "SUCCESS" | "FAILURE" | "ERROR";
export type ReleasePhase = "QUEUED" | "DEPLOYING" | "SUCCEEDED" | "FAILED" | "SUPERSEDED";
export type PromotionPhase = "IN_PROGRESS" | "SUCCEEDED" | "PARTIALLY_SUCCEEDED" | "FAILED";
export type Role = "VIEWER" | "REPORTER" | "OPERATOR" | "ADMIN";
export type BlockerCode =
  | "NO_RELEASE"
  | "RELEASE_NOT_SUCCEEDED"
  | "NO_NEXT_STAGE"
  | "NO_TARGETS"
  | "CHECK_MISSING"
  | "CHECK_PENDING"
  | "CHECK_FAILED";

export const BUILD_PHASES: readonly Build["phase"][] = ["PENDING", "SUCCEEDED", "FAILED"];
export const REPORTED_PHASES: readonly ReleasePhase[] = ["DEPLOYING", "SUCCEEDED", "FAILED"];
export const STAGES: readonly Stage[] = ["REVIEW", "DEVELOPMENT", "STAGING", "PRODUCTION"];
export const STATES: readonly StatusState[] = ["PENDING", "SUCCESS", "FAILURE", "ERROR"];
export const ROLES: readonly Role[] = ["VIEWER", "REPORTER", "OPERATOR", "ADMIN"];
export const PROMOTION_PHASES: readonly PromotionPhase[] = [
  "IN_PROGRESS",
  "SUCCEEDED",
  "PARTIALLY_SUCCEEDED",
  "FAILED",
];

export interface Named {
  readonly id: string;
  readonly name: string;
}

export interface Actor {
  readonly name: string;
  readonly role: Role;
}

export interface Connection<T> {
  readonly nodes: readonly T[];
  readonly pageInfo: PageInfo;
}

export interface PageInfo {
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly startCursor: string | null;
  readonly endCursor: string | null;
}

export interface Build {
  readonly id: string;
  readonly phase: "PENDING" | "SUCCEEDED" | "FAILED";
  readonly repository: string;
  readonly branch: string | null;
  readonly commit: {
    readonly sha: string;
    readonly message: string | null;
    readonly author: string | null;
    readonly url: string | null;
  };
  readonly artifact: string | null;
  readonly checksum: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface Status {
  readonly id: string;
  readonly context: string;
  readonly state: StatusState;
  readonly name: string | null;
  readonly description: string | null;
  readonly targetUrl: string | null;
  readonly updatedAt: string;
}

/** The part of a release that is shown together with another object. */
export interface ReleaseSummary {
  readonly id: string;
  readonly version: number;
  readonly phase: ReleasePhase;
  readonly state: StatusState | null;
  readonly createdAt: string;
  readonly build: Pick<Build, "id" | "branch"> & { readonly commit: Pick<Build["commit"], "sha"> };
  readonly statuses: readonly Pick<Status, "context" | "state">[];
}

export interface Release extends Omit<ReleaseSummary, "build" | "statuses"> {
  readonly app: Named;
  readonly build: Build;
  readonly trigger: "DEPLOY" | "AUTO_DEPLOY" | "PROMOTION" | "ROLLBACK";
  readonly failureReason: string | null;
  readonly description: string;
  readonly current: boolean;
  readonly statuses: readonly Status[];
  readonly createdBy: Actor;
  readonly updatedAt: string;
}

/** An app with its newest release. */
export interface WithLatestRelease {
  readonly currentRelease: ReleaseSummary | null;
  readonly releases: {
    readonly nodes: readonly (Pick<Release, "id" | "version" | "phase" | "failureReason"> & {
      readonly build: { readonly id: string; readonly commit: { readonly sha: string } };
    })[];
  };
}

export interface App extends Named, WithLatestRelease {
  readonly description: string;
  readonly region: string | null;
  readonly deploymentMode: "IMMEDIATE" | "REPORTED";
  readonly coupling: {
    readonly id: string;
    readonly stage: Stage;
    readonly requiredChecks: readonly string[];
    readonly pipeline: Named;
  } | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface Coupling {
  readonly id: string;
  readonly app: Named;
  readonly pipeline: Named;
  readonly stage: Stage;
  readonly requiredChecks: readonly string[];
  readonly autoDeploy: boolean;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface Pipeline extends Named {
  readonly description: string;
  readonly repository: string | null;
  readonly branch: string;
  readonly reviewAppsEnabled: boolean;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface BoardCoupling extends Omit<Coupling, "app" | "pipeline"> {
  readonly app: Named & WithLatestRelease;
}

export interface Board extends Pipeline {
  readonly stages: readonly { readonly stage: Stage; readonly couplings: readonly BoardCoupling[] }[];
}

export interface ReviewApp {
  readonly app: Named & { readonly currentRelease: ReleaseSummary | null };
  readonly pipeline: Named;
  readonly pullRequest: {
    readonly number: number;
    readonly title: string | null;
    readonly branch: string;
    readonly author: string | null;
    readonly url: string | null;
  };
  readonly createdAt: string;
  readonly expiresAt: string;
}

export interface AvailableCheck {
  readonly context: string;
  readonly name: string | null;
  readonly lastReportedAt: string;
}

export interface CheckResult {
  readonly context: string;
  readonly state: StatusState | null;
  readonly passed: boolean;
}

export interface Blocker {
  readonly code: BlockerCode;
  readonly message: string;
  readonly app: Named | null;
  readonly context: string | null;
  readonly overridable: boolean;
}

export interface Target {
  readonly id: string;
  readonly app: Named | null;
  readonly phase: ReleasePhase;
  readonly failureReason: string | null;
  readonly release: { readonly id: string; readonly version: number };
  readonly checks: readonly CheckResult[];
}

export interface Promotion {
  readonly id: string;
  readonly phase: PromotionPhase;
  readonly from: Stage;
  readonly to: Stage;
  readonly pipeline: Named | null;
  readonly source: Named | null;
  readonly release: { readonly id: string; readonly version: number };
  readonly build: { readonly id: string; readonly commit: { readonly sha: string } };
  readonly targets: readonly Target[];
  readonly forced: boolean;
  readonly reason: string | null;
  readonly createdBy: Actor;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface Plan {
  readonly promotable: boolean;
  readonly from: Stage;
  readonly to: Stage | null;
  readonly pipeline: Named;
  readonly source: Named | null;
  readonly release: ReleaseSummary | null;
  readonly targets: readonly {
    readonly app: Named;
    readonly upToDate: boolean;
    readonly currentRelease: { readonly id: string; readonly version: number } | null;
    readonly checks: readonly CheckResult[];
  }[];
  readonly blockers: readonly Blocker[];
}

export interface Token extends Named {
  readonly role: Role;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
  /** The pipelines that the token is restricted to; null if unrestricted. */
  readonly pipelines: readonly Named[] | null;
}

export interface Viewer extends Actor {
  readonly pipelines: readonly Named[] | null;
}
