import { operation } from "./client.js";
import { APP, BUILD, COUPLING, PIPELINE, PROMOTION, RELEASE, REVIEW_APP, TOKEN } from "./fragments.js";
import type * as model from "./model.js";
import type { PromoteInput } from "./queries.js";

/** Variables of a mutation: every mutation takes one `input`. */
interface Variables<Input> {
  readonly input: Input;
}

/** Variables of a mutation that accepts an idempotency key. */
type IdempotentVariables<Input> = Variables<Input & { readonly idempotencyKey?: string | undefined }>;

type Optional<T> = { readonly [K in keyof T]?: T[K] | undefined };

export const CREATE_APP = operation<
  { createApp: { app: model.App } },
  IdempotentVariables<
    { name: string } & Optional<{ description: string; region: string; deploymentMode: model.App["deploymentMode"] }>
  >
>(`mutation CreateApp($input: CreateAppInput!) { createApp(input: $input) { app { ${APP} } } }`);

export const UPDATE_APP = operation<
  { updateApp: { app: model.App } },
  Variables<
    { app: string } & Optional<{
      description: string;
      region: string | null;
      deploymentMode: model.App["deploymentMode"];
    }>
  >
>(`mutation UpdateApp($input: UpdateAppInput!) { updateApp(input: $input) { app { ${APP} } } }`);

export const DELETE_APP = operation<{ deleteApp: { deletedAppId: string } }, Variables<{ app: string }>>(
  "mutation DeleteApp($input: DeleteAppInput!) { deleteApp(input: $input) { deletedAppId } }",
);

export const CREATE_PIPELINE = operation<
  { createPipeline: { pipeline: model.Pipeline } },
  IdempotentVariables<
    { name: string } & Optional<{ description: string; repository: string; branch: string; reviewAppsEnabled: boolean }>
  >
>(
  `mutation CreatePipeline($input: CreatePipelineInput!) {
    createPipeline(input: $input) { pipeline { ${PIPELINE} } } }`,
);

export const UPDATE_PIPELINE = operation<
  { updatePipeline: { pipeline: model.Pipeline } },
  Variables<
    { pipeline: string } & Optional<{
      name: string;
      description: string;
      repository: string | null;
      branch: string;
      reviewAppsEnabled: boolean;
    }>
  >
>(
  `mutation UpdatePipeline($input: UpdatePipelineInput!) {
    updatePipeline(input: $input) { pipeline { ${PIPELINE} } } }`,
);

export const DELETE_PIPELINE = operation<
  { deletePipeline: { deletedPipelineId: string } },
  Variables<{ pipeline: string }>
>("mutation DeletePipeline($input: DeletePipelineInput!) { deletePipeline(input: $input) { deletedPipelineId } }");

export const ADD_COUPLING = operation<
  { addCoupling: { coupling: model.Coupling } },
  IdempotentVariables<{
    pipeline: string;
    app: string;
    stage: model.Stage;
    requiredChecks?: readonly string[] | undefined;
  }>
>(`mutation AddCoupling($input: AddCouplingInput!) { addCoupling(input: $input) { coupling { ${COUPLING} } } }`);

export const UPDATE_CHECKS = operation<
  { updateChecks: { coupling: model.Coupling } },
  Variables<{ coupling: string; requiredChecks: readonly string[] }>
>(`mutation UpdateChecks($input: UpdateChecksInput!) { updateChecks(input: $input) { coupling { ${COUPLING} } } }`);

export const MOVE_COUPLING = operation<
  { moveCoupling: { coupling: model.Coupling } },
  Variables<{ coupling: string; stage: model.Stage }>
>(`mutation MoveCoupling($input: MoveCouplingInput!) { moveCoupling(input: $input) { coupling { ${COUPLING} } } }`);

export const SET_AUTO_DEPLOY = operation<
  { setAutoDeploy: { coupling: model.Coupling } },
  Variables<{ coupling: string; autoDeploy: boolean }>
>(`mutation SetAutoDeploy($input: SetAutoDeployInput!) { setAutoDeploy(input: $input) { coupling { ${COUPLING} } } }`);

export const REMOVE_COUPLING = operation<
  { removeCoupling: { removedCouplingId: string; pipeline: model.Pipeline } },
  Variables<{ coupling: string }>
>(
  `mutation RemoveCoupling($input: RemoveCouplingInput!) {
    removeCoupling(input: $input) { removedCouplingId pipeline { ${PIPELINE} } } }`,
);

export const CREATE_BUILD = operation<
  { createBuild: { build: model.Build } },
  IdempotentVariables<
    {
      repository: string;
      commit: { sha: string } & Optional<{ message: string; author: string; url: string }>;
    } & Optional<{ artifact: string; phase: model.Build["phase"]; branch: string; checksum: string }>
  >
>(`mutation CreateBuild($input: CreateBuildInput!) { createBuild(input: $input) { build { ${BUILD} } } }`);

export const UPDATE_BUILD = operation<
  { updateBuild: { build: model.Build } },
  Variables<{ build: string; phase: model.Build["phase"] } & Optional<{ artifact: string; checksum: string }>>
>(`mutation UpdateBuild($input: UpdateBuildInput!) { updateBuild(input: $input) { build { ${BUILD} } } }`);

export const REPORT_BUILD_STATUS = operation<
  { reportStatus: { status: model.Status & { build: Pick<model.Build, "id"> } } },
  Variables<
    { build: string; context: string; state: model.StatusState } & Optional<{
      name: string;
      description: string;
      targetUrl: string;
    }>
  >
>(
  `mutation ReportBuildStatus($input: ReportStatusInput!) { reportStatus(input: $input) {
    status { id context state name description targetUrl updatedAt build { id } } } }`,
);

export const REPORT_DEPLOYMENT = operation<
  { reportDeployment: { release: model.Release } },
  Variables<{ release: string; phase: model.ReleasePhase; failureReason?: string | undefined }>
>(
  `mutation ReportDeployment($input: ReportDeploymentInput!) {
    reportDeployment(input: $input) { release { ${RELEASE} } } }`,
);

export const OPEN_REVIEW_APP = operation<
  { openReviewApp: { reviewApp: model.ReviewApp } },
  Variables<{
    pipeline: string;
    pullRequest: { number: number; branch: string } & Optional<{ title: string; author: string; url: string }>;
  }>
>(
  `mutation OpenReviewApp($input: OpenReviewAppInput!) {
    openReviewApp(input: $input) { reviewApp { ${REVIEW_APP} } } }`,
);

export const CLOSE_REVIEW_APP = operation<
  { closeReviewApp: { closedAppId: string } },
  Variables<{ pipeline: string; pullRequestNumber: number }>
>("mutation CloseReviewApp($input: CloseReviewAppInput!) { closeReviewApp(input: $input) { closedAppId } }");

export const CREATE_RELEASE = operation<
  { createRelease: { release: model.Release } },
  IdempotentVariables<{ app: string; build: string; description?: string | undefined }>
>(`mutation CreateRelease($input: CreateReleaseInput!) { createRelease(input: $input) { release { ${RELEASE} } } }`);

export const ROLLBACK = operation<
  { rollback: { release: model.Release } },
  IdempotentVariables<{ app: string; release?: string | undefined; reason?: string | undefined }>
>(`mutation Rollback($input: RollbackInput!) { rollback(input: $input) { release { ${RELEASE} } } }`);

export const REPORT_STATUS = operation<
  { reportStatus: { status: model.Status & { release: { id: string; version: number; app: model.Named } } } },
  Variables<
    { release: string; context: string; state: model.StatusState } & Optional<{
      name: string;
      description: string;
      targetUrl: string;
    }>
  >
>(
  `mutation ReportStatus($input: ReportStatusInput!) { reportStatus(input: $input) {
    status { id context state name description targetUrl updatedAt release { id version app { id name } } } } }`,
);

export const PROMOTE = operation<{ promote: { promotion: model.Promotion } }, Variables<PromoteInput>>(
  `mutation Promote($input: PromoteInput!) { promote(input: $input) { promotion { ${PROMOTION} } } }`,
);

export const CREATE_TOKEN = operation<
  { createToken: { token: model.Token; secret: string } },
  Variables<{
    name: string;
    role: model.Role;
    expiresAt?: string | undefined;
    pipelines?: readonly string[] | undefined;
  }>
>(`mutation CreateToken($input: CreateTokenInput!) { createToken(input: $input) { token { ${TOKEN} } secret } }`);

export const REVOKE_TOKEN = operation<{ revokeToken: { token: model.Token } }, Variables<{ token: string }>>(
  `mutation RevokeToken($input: RevokeTokenInput!) { revokeToken(input: $input) { token { ${TOKEN} } } }`,
);
