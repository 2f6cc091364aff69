import { Field, ID, InputType, Int } from "type-graphql";
import { BuildPhase, DeploymentMode, ReleasePhase, Role, Stage, StatusState } from "../entities/core/enums.js";
import { requiresRole } from "./roles.js";

/* The input types of the mutations. The domain validates the values and writes the error messages. */

const IDEMPOTENCY_KEY =
  "A key chosen by the client, 1 to 256 characters. A repeat with the same key within 24 hours returns the first result.";

@InputType({ description: "Input for createPipeline." })
export class CreatePipelineInput {
  @Field(() => String, {
    description: "The name: 1 to 63 lower-case letters, digits and dashes, unique among pipelines.",
  })
  name!: string;

  @Field(() => String, { nullable: true, description: "A description, at most 1,024 characters; empty if omitted." })
  description?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The repository, as `github.com/acme/shop`, as a URL, or as `acme/shop`.",
  })
  repository?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The part of a monorepo that it deploys, 1 to 256 characters; null for the whole repository.",
  })
  component?: string | null;

  @Field(() => String, { nullable: true, description: "The central branch; `main` if omitted." })
  branch?: string | null;

  @Field(() => Boolean, { nullable: true, description: "Whether pull requests get review apps; false if omitted." })
  reviewAppsEnabled?: boolean | null;

  @Field(() => String, {
    nullable: true,
    description: IDEMPOTENCY_KEY,
  })
  idempotencyKey?: string | null;
}

@InputType({ description: "Input for updatePipeline. Omitted fields stay unchanged." })
export class UpdatePipelineInput {
  @Field(() => ID, { description: "The pipeline, by id or name." })
  pipeline!: string;

  @Field(() => String, { nullable: true, description: "The new name." })
  name?: string | null;

  @Field(() => String, { nullable: true, description: "The new description, at most 1,024 characters." })
  description?: string | null;

  @Field(() => String, { nullable: true, description: "The repository; null removes it." })
  repository?: string | null;

  @Field(() => String, { nullable: true, description: "The part of a monorepo; null for the whole repository." })
  component?: string | null;

  @Field(() => String, { nullable: true, description: "The central branch." })
  branch?: string | null;

  @Field(() => Boolean, { nullable: true, description: "Whether pull requests get review apps." })
  reviewAppsEnabled?: boolean | null;
}

@InputType({ description: "Input for deletePipeline." })
export class DeletePipelineInput {
  @Field(() => ID, { description: "The pipeline, by id or name." })
  pipeline!: string;
}

@InputType({ description: "Input for createApp." })
export class CreateAppInput {
  @Field(() => String, { description: "The name: 1 to 63 lower-case letters, digits and dashes, unique among apps." })
  name!: string;

  @Field(() => String, { nullable: true, description: "A description, at most 1,024 characters; empty if omitted." })
  description?: string | null;

  @Field(() => String, { nullable: true, description: "The region, at most 256 characters." })
  region?: string | null;

  @Field(() => DeploymentMode, { nullable: true, description: "How its releases are deployed; IMMEDIATE if omitted." })
  deploymentMode?: DeploymentMode | null;

  @Field(() => String, {
    nullable: true,
    description: IDEMPOTENCY_KEY,
  })
  idempotencyKey?: string | null;
}

@InputType({ description: "Input for updateApp. Omitted fields stay unchanged." })
export class UpdateAppInput {
  @Field(() => ID, { description: "The app, by id or name." })
  app!: string;

  @Field(() => String, { nullable: true, description: "The new description, at most 1,024 characters." })
  description?: string | null;

  @Field(() => String, { nullable: true, description: "The region; null removes it." })
  region?: string | null;

  @Field(() => DeploymentMode, {
    nullable: true,
    description: "How its releases are deployed. Cannot be changed while a release is QUEUED or DEPLOYING.",
  })
  deploymentMode?: DeploymentMode | null;
}

@InputType({ description: "Input for deleteApp." })
export class DeleteAppInput {
  @Field(() => ID, { description: "The app, by id or name. It must not be in a pipeline." })
  app!: string;
}

@InputType({ description: "Input for addCoupling." })
export class AddCouplingInput {
  @Field(() => ID, { description: "The pipeline, by id or name." })
  pipeline!: string;

  @Field(() => ID, { description: "The app, by id or name. It must not be in a pipeline." })
  app!: string;

  @Field(() => Stage, { description: "The stage." })
  stage!: Stage;

  @Field(() => [String], {
    nullable: true,
    description: "Contexts that must be SUCCESS before a promotion to the app. At most 50; must be empty in REVIEW.",
  })
  requiredChecks?: string[] | null;

  @Field(() => Boolean, {
    nullable: true,
    description:
      "Whether builds of the central branch are deployed automatically. Allowed in DEVELOPMENT only; true there if omitted.",
  })
  autoDeploy?: boolean | null;

  @Field(() => String, {
    nullable: true,
    description: IDEMPOTENCY_KEY,
  })
  idempotencyKey?: string | null;
}

@InputType({ description: "Input for updateChecks." })
export class UpdateChecksInput {
  @Field(() => ID, { description: "The coupling, by id." })
  coupling!: string;

  @Field(() => [String], {
    description: `The complete list of required contexts, at most 50. ${requiresRole("removeChecks", "Removing a context")}`,
  })
  requiredChecks!: string[];
}

@InputType({ description: "Input for moveCoupling." })
export class MoveCouplingInput {
  @Field(() => ID, { description: "The coupling, by id." })
  coupling!: string;

  @Field(() => Stage, { description: "The stage to move it to." })
  stage!: Stage;
}

@InputType({ description: "Input for setAutoDeploy." })
export class SetAutoDeployInput {
  @Field(() => ID, { description: "The coupling, by id." })
  coupling!: string;

  @Field(() => Boolean, { description: "Whether to deploy automatically. Can be true in DEVELOPMENT only." })
  autoDeploy!: boolean;
}

@InputType({ description: "Input for removeCoupling." })
export class RemoveCouplingInput {
  @Field(() => ID, { description: "The coupling, by id." })
  coupling!: string;
}

@InputType({ description: "The commit that a build was made from." })
export class CommitInput {
  @Field(() => String, { description: "The commit hash: 4 to 64 hexadecimal digits." })
  sha!: string;

  @Field(() => String, { nullable: true, description: "The commit message, at most 8,192 characters." })
  message?: string | null;

  @Field(() => String, { nullable: true, description: "The author, at most 256 characters." })
  author?: string | null;

  @Field(() => String, { nullable: true, description: "The page's URL, http or https." })
  url?: string | null;

  @Field(() => Date, {
    nullable: true,
    description: "When it was committed. Orders builds without a sequence: an older commit never replaces a newer one.",
  })
  committedAt?: Date | null;

  @Field(() => [String], {
    nullable: true,
    description: "The hashes of its parents, at most 16. A child always counts as newer than its parents.",
  })
  parents?: readonly string[] | null;
}

@InputType({ description: "Input for createBuild." })
export class CreateBuildInput {
  @Field(() => String, { description: "The repository, as `github.com/acme/shop`, as a URL, or as `acme/shop`." })
  repository!: string;

  @Field(() => String, {
    nullable: true,
    description:
      "The part of a monorepo that was built, 1 to 256 characters. The build goes only to pipelines with this component.",
  })
  component?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The branch. If omitted, the build is not deployed automatically.",
  })
  branch?: string | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "The run number of CI, 0 or more, which orders the builds of a repository and component. Without it, the commit decides.",
  })
  sequence?: number | null;

  @Field(() => CommitInput, { description: "The commit." })
  commit!: CommitInput;

  @Field(() => String, {
    nullable: true,
    description:
      "The location of the artifact, at most 2,048 characters. Required for SUCCEEDED, and not allowed otherwise.",
  })
  artifact?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The digest of the artifact, for example `sha256:…`. Allowed for SUCCEEDED only.",
  })
  checksum?: string | null;

  @Field(() => BuildPhase, { nullable: true, description: "The phase; SUCCEEDED if omitted." })
  phase?: BuildPhase | null;

  @Field(() => String, {
    nullable: true,
    description: IDEMPOTENCY_KEY,
  })
  idempotencyKey?: string | null;
}

@InputType({ description: "Input for updateBuild." })
export class UpdateBuildInput {
  @Field(() => ID, { description: "The build, by id. It must not have SUCCEEDED." })
  build!: string;

  @Field(() => BuildPhase, { description: "The new phase." })
  phase!: BuildPhase;

  @Field(() => String, {
    nullable: true,
    description: "The location of the artifact. Required for SUCCEEDED, and not allowed otherwise.",
  })
  artifact?: string | null;

  @Field(() => String, { nullable: true, description: "The digest of the artifact. Allowed for SUCCEEDED only." })
  checksum?: string | null;
}

@InputType({ description: "Input for createRelease." })
export class CreateReleaseInput {
  @Field(() => ID, { description: "The app, by id or name." })
  app!: string;

  @Field(() => ID, { description: "The build, by id. It must have SUCCEEDED." })
  build!: string;

  @Field(() => String, {
    nullable: true,
    description: "A description, at most 1,024 characters; `Deploy of <commit>` if omitted.",
  })
  description?: string | null;

  @Field(() => String, {
    nullable: true,
    description: IDEMPOTENCY_KEY,
  })
  idempotencyKey?: string | null;
}

@InputType({ description: "Input for rollback. Creates a new release with the build of an earlier one." })
export class RollbackInput {
  @Field(() => ID, { description: "The app, by id or name." })
  app!: string;

  @Field(() => ID, {
    nullable: true,
    description: "A release of the app that SUCCEEDED, by id; the one before the current release if omitted.",
  })
  release?: string | null;

  @Field(() => String, { nullable: true, description: "The reason, at most 1,024 characters." })
  reason?: string | null;

  @Field(() => String, {
    nullable: true,
    description: IDEMPOTENCY_KEY,
  })
  idempotencyKey?: string | null;
}

@InputType({ description: "Input for reportDeployment." })
export class ReportDeploymentInput {
  @Field(() => ID, { description: "The release, by id." })
  release!: string;

  @Field(() => ReleasePhase, {
    description: "SUCCEEDED, FAILED, or DEPLOYING if still in progress, which restarts the timeout.",
  })
  phase!: ReleasePhase;

  @Field(() => String, { nullable: true, description: "Why it FAILED, at most 1,024 characters." })
  failureReason?: string | null;
}

@InputType({ description: "Input for reportStatus. Set exactly one of `release` and `build`." })
export class ReportStatusInput {
  @Field(() => ID, { nullable: true, description: "The release, by id." })
  release?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: "The build, by id. The status then applies to every release of the build.",
  })
  build?: string | null;

  @Field(() => String, { description: "The name of the check: 1 to 100 letters, digits, spaces and `._:/\\+()@#-`." })
  context!: string;

  @Field(() => StatusState, { description: "The state to report." })
  state!: StatusState;

  @Field(() => String, { nullable: true, description: "The human-readable name of the reporting service." })
  name?: string | null;

  @Field(() => String, { nullable: true, description: "A short description of the result, at most 1,024 characters." })
  description?: string | null;

  @Field(() => String, { nullable: true, description: "The URL of the details page, http or https." })
  targetUrl?: string | null;

  @Field(() => String, { nullable: true, description: "The URL of an icon of the reporting service, http or https." })
  imageUrl?: string | null;
}

@InputType({ description: "Input for promote and promotionPlan. Set either `app`, or `pipeline` and `stage`." })
export class PromoteInput {
  @Field(() => ID, {
    nullable: true,
    description:
      "The source app. If omitted, `pipeline` and `stage` are required, and the source is the first app coupled to that stage that has a release.",
  })
  app?: string | null;

  @Field(() => ID, { nullable: true, description: "The pipeline, by id or name." })
  pipeline?: string | null;

  @Field(() => Stage, { nullable: true, description: "The source stage." })
  stage?: Stage | null;

  @Field(() => ID, { nullable: true, description: "A release of the source app; its current release if omitted." })
  release?: string | null;

  @Field(() => [ID], { nullable: true, description: "Apps in the next stage, at most 200; all of them if omitted." })
  targets?: string[] | null;

  @Field(() => Boolean, {
    nullable: true,
    description: `Promotes despite required checks that have not passed. Requires a reason. ${requiresRole("forcePromotion")}`,
  })
  force?: boolean | null;

  @Field(() => String, { nullable: true, description: "The reason, at most 1,024 characters." })
  reason?: string | null;

  @Field(() => String, {
    nullable: true,
    description: IDEMPOTENCY_KEY,
  })
  idempotencyKey?: string | null;
}

@InputType({ description: "A pull request of a code host." })
export class PullRequestInput {
  @Field(() => Int, { description: "The number, 1 or greater." })
  number!: number;

  @Field(() => String, { description: "The source branch." })
  branch!: string;

  @Field(() => String, { nullable: true, description: "The title." })
  title?: string | null;

  @Field(() => String, { nullable: true, description: "The author." })
  author?: string | null;

  @Field(() => String, { nullable: true, description: "The page's URL, http or https." })
  url?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "The hash of the commit that it points to: only builds of this commit are deployed to its review app. Without it, builds of the branch are.",
  })
  headSha?: string | null;
}

@InputType({ description: "Input for openReviewApp." })
export class OpenReviewAppInput {
  @Field(() => ID, { description: "The pipeline, by id or name. It must have review apps enabled." })
  pipeline!: string;

  @Field(() => PullRequestInput, { description: "The pull request." })
  pullRequest!: PullRequestInput;
}

@InputType({ description: "Input for closeReviewApp." })
export class CloseReviewAppInput {
  @Field(() => ID, { description: "The pipeline, by id or name." })
  pipeline!: string;

  @Field(() => Int, { description: "The number of the pull request." })
  pullRequestNumber!: number;
}

@InputType({ description: "Input for createToken." })
export class CreateTokenInput {
  @Field(() => String, {
    description: "The name of the person or service that uses the token, at most 256 characters.",
  })
  name!: string;

  @Field(() => Role, { description: "The role, which determines the permitted actions." })
  role!: Role;

  @Field(() => Date, { nullable: true, description: "When it expires; never if omitted." })
  expiresAt?: Date | null;

  @Field(() => [ID], {
    nullable: true,
    description: "The pipelines to restrict the token to, by id or name, 1 to 100; unrestricted if omitted.",
  })
  pipelines?: string[] | null;
}

@InputType({ description: "Input for revokeToken." })
export class RevokeTokenInput {
  @Field(() => ID, { description: "The token, by id." })
  token!: string;
}
