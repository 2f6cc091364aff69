/* What the story asks of each object, and the shape in which it comes back. */

export interface AnsweredError {
  readonly message: string;
  readonly extensions: { readonly code: string; readonly blockers?: readonly Blocker[] };
}

export interface Named {
  readonly id: string;
  readonly name: string;
}

export interface PipelineOptions {
  readonly repository?: string;
  readonly branch?: string;
  readonly reviewAppsEnabled?: boolean;
}

export interface PullRequest {
  readonly number: number;
  readonly branch: string;
}

export interface AppOptions {
  readonly region?: string;
  readonly requiredChecks?: readonly string[];
}

export interface BuildInput {
  readonly repository: string;
  readonly branch: string;
  readonly commit: { readonly sha: string; readonly message: string; readonly author: string; readonly url: string };
  readonly artifact: string;
  readonly checksum: string;
}

export interface PromoteInput {
  readonly app?: string;
  readonly pipeline?: string;
  readonly stage?: string;
  readonly release?: string;
  readonly targets?: readonly string[];
}

export const BUILD = "id phase artifact checksum commit { sha message author }";
export interface Build {
  readonly id: string;
  readonly phase: string;
  readonly artifact: string;
  readonly checksum: string;
  readonly commit: { readonly sha: string; readonly message: string; readonly author: string };
}

export const RELEASE = `id version phase current state description createdAt
  createdBy { name } build { ${BUILD} }`;
export interface Release {
  readonly id: string;
  readonly version: number;
  readonly phase: string;
  readonly current: boolean;
  readonly state: string | null;
  readonly description: string;
  readonly createdAt: string;
  readonly createdBy: { readonly name: string };
  readonly build: Build;
}

export const COUPLING = "id stage requiredChecks createdAt updatedAt app { id name } pipeline { id name }";
export interface Coupling {
  readonly id: string;
  readonly stage: string;
  readonly requiredChecks: readonly string[];
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly app: Named;
  readonly pipeline: Named;
}

export const PIPELINE = `id name stages { stage couplings { ${COUPLING} } } availableChecks { context }`;
export interface Pipeline extends Named {
  readonly stages: readonly { readonly stage: string; readonly couplings: readonly Coupling[] }[];
  readonly availableChecks: readonly { readonly context: string }[];
}

export const APP = `id name description region updatedAt releases { totalCount nodes { ${RELEASE} } }`;
export interface App extends Named {
  readonly description: string;
  readonly region: string | null;
  readonly updatedAt: string;
  readonly releases: { readonly totalCount: number; readonly nodes: readonly Release[] };
}

export const PROMOTION = `from to phase source { name } release { id } pipeline { name }
  targets { phase app { name region } release { ${RELEASE} } checks { context state passed } }`;
export interface Promotion {
  readonly from: string;
  readonly to: string;
  readonly phase: string;
  readonly source: { readonly name: string };
  readonly release: { readonly id: string };
  readonly pipeline: { readonly name: string };
  readonly targets: readonly Target[];
}

export interface Target {
  readonly phase: string;
  readonly app: { readonly name: string; readonly region: string | null };
  readonly release: Release;
  readonly checks: readonly { readonly context: string; readonly state: string | null; readonly passed: boolean }[];
}

export const PLAN = "promotable blockers { code message context app { name } }";
export interface Plan {
  readonly promotable: boolean;
  readonly blockers: readonly Blocker[];
}

export const RULE = "name required allowSelfApproval validFor";
export interface ApprovalRule {
  readonly name: string;
  readonly required: number;
  readonly allowSelfApproval: boolean;
  readonly validFor: string;
}

export const WAITING = "id phase source { name } blockers { code message context remedies app { name } }";
export interface WaitingPromotion {
  readonly id: string;
  readonly phase: string;
  readonly source: { readonly name: string };
  readonly blockers: readonly (Blocker & { readonly remedies: readonly string[] })[];
}

export interface Blocker {
  readonly code: string;
  readonly message: string;
  readonly context: string | null;
  readonly app: { readonly name: string } | null;
}

export const STATUS = "context state reportedBy { name }";
export interface Status {
  readonly context: string;
  readonly state: string;
  readonly reportedBy: { readonly name: string };
}

export const REVIEW_APP = "app { name } pullRequest { number branch }";
export interface ReviewApp {
  readonly app: { readonly name: string };
  readonly pullRequest: PullRequest;
}
