import { Field, ID, InputType, Int } from "type-graphql";
import { BuildPhase, DeploymentMode, ReleasePhase, Role, Stage, StatusState } from "../entities/core/enums.js";

/** The inputs of the mutations, one for each. What the fields may hold is checked in the domain, which words the refusals. */

@InputType({ description: "What a new pipeline is to be." })
export class CreatePipelineInput {
  @Field(() => String, { description: "1 to 63 lower-case letters, digits and dashes, unique among pipelines." })
  name!: string;

  @Field(() => String, { nullable: true, description: "At most 1,024 characters; empty if left out." })
  description?: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The codebase, as `github.com/acme/shop`, its address, or `acme/shop`.",
  })
  repository?: string | null;

  @Field(() => String, { nullable: true, description: "The central branch; `main` if left out." })
  branch?: string | null;

  @Field(() => Boolean, { nullable: true, description: "Whether pull requests get review apps; false if left out." })
  reviewAppsEnabled?: boolean | null;

  @Field(() => String, {
    nullable: true,
    description:
      "A key of your choice, 1 to 256 characters: a repeat with the same key within 24 hours answers as the first did.",
  })
  idempotencyKey?: string | null;
}

@InputType({ description: "What of a pipeline is to change; what is left out stays as it is." })
export class UpdatePipelineInput {
  @Field(() => ID, { description: "The pipeline, by id or name." })
  pipeline!: string;

  @Field(() => String, { nullable: true, description: "Its new name." })
  name?: string | null;

  @Field(() => String, { nullable: true, description: "At most 1,024 characters." })
  description?: string | null;

  @Field(() => String, { nullable: true, description: "The codebase; null takes it away." })
  repository?: string | null;

  @Field(() => String, { nullable: true, description: "The central branch." })
  branch?: string | null;

  @Field(() => Boolean, { nullable: true, description: "Whether pull requests get review apps." })
  reviewAppsEnabled?: boolean | null;
}

@InputType({ description: "Which pipeline is to go." })
export class DeletePipelineInput {
  @Field(() => ID, { description: "The pipeline, by id or name." })
  pipeline!: string;
}

@InputType({ description: "What a new app is to be." })
export class CreateAppInput {
  @Field(() => String, { description: "1 to 63 lower-case letters, digits and dashes, unique among apps." })
  name!: string;

  @Field(() => String, { nullable: true, description: "At most 1,024 characters; empty if left out." })
  description?: string | null;

  @Field(() => String, { nullable: true, description: "Where it runs, at most 256 characters." })
  region?: string | null;

  @Field(() => DeploymentMode, { nullable: true, description: "How its releases become live; IMMEDIATE if left out." })
  deploymentMode?: DeploymentMode | null;

  @Field(() => String, {
    nullable: true,
    description:
      "A key of your choice, 1 to 256 characters: a repeat with the same key within 24 hours answers as the first did.",
  })
  idempotencyKey?: string | null;
}

@InputType({ description: "What of an app is to change; what is left out stays as it is." })
export class UpdateAppInput {
  @Field(() => ID, { description: "The app, by id or name." })
  app!: string;

  @Field(() => String, { nullable: true, description: "At most 1,024 characters." })
  description?: string | null;

  @Field(() => String, { nullable: true, description: "Where it runs; null takes it away." })
  region?: string | null;

  @Field(() => DeploymentMode, {
    nullable: true,
    description: "How its releases become live. It cannot change while one is on its way.",
  })
  deploymentMode?: DeploymentMode | null;
}

@InputType({ description: "Which app is to go." })
export class DeleteAppInput {
  @Field(() => ID, { description: "The app, by id or name. It must be in no pipeline." })
  app!: string;
}

@InputType({ description: "Which app is to stand where." })
export class AddCouplingInput {
  @Field(() => ID, { description: "The pipeline, by id or name." })
  pipeline!: string;

  @Field(() => ID, { description: "The app, by id or name. It must be in no pipeline." })
  app!: string;

  @Field(() => Stage, { description: "The stage." })
  stage!: Stage;

  @Field(() => [String], {
    nullable: true,
    description: "Contexts that must be SUCCESS before a promotion into the app; at most 50, none in REVIEW.",
  })
  requiredChecks?: string[] | null;

  @Field(() => Boolean, {
    nullable: true,
    description:
      "Whether builds of the central branch are released by themselves. In DEVELOPMENT only, and there on if left out.",
  })
  autoDeploy?: boolean | null;

  @Field(() => String, {
    nullable: true,
    description:
      "A key of your choice, 1 to 256 characters: a repeat with the same key within 24 hours answers as the first did.",
  })
  idempotencyKey?: string | null;
}

@InputType({
  description:
    "`requiredChecks` replaces the whole list; leaving a context out removes it, which needs elevated access.",
})
export class UpdateChecksInput {
  @Field(() => ID, { description: "The coupling, by id." })
  coupling!: string;

  @Field(() => [String], { description: "All contexts that are to be required; at most 50." })
  requiredChecks!: string[];
}

@InputType({ description: "Where an app is to stand from now on." })
export class MoveCouplingInput {
  @Field(() => ID, { description: "The coupling, by id." })
  coupling!: string;

  @Field(() => Stage, { description: "The stage to move it to." })
  stage!: Stage;
}

@InputType({ description: "Whether an app is to deploy by itself." })
export class SetAutoDeployInput {
  @Field(() => ID, { description: "The coupling, by id." })
  coupling!: string;

  @Field(() => Boolean, { description: "On or off; on in DEVELOPMENT only." })
  autoDeploy!: boolean;
}

@InputType({ description: "Which app is to leave its pipeline." })
export class RemoveCouplingInput {
  @Field(() => ID, { description: "The coupling, by id." })
  coupling!: string;
}

@InputType({ description: "The commit that a build was made from." })
export class CommitInput {
  @Field(() => String, { description: "Its hash: 4 to 64 hexadecimal digits." })
  sha!: string;

  @Field(() => String, { nullable: true, description: "Its message, at most 8,192 characters." })
  message?: string | null;

  @Field(() => String, { nullable: true, description: "Who wrote it, at most 256 characters." })
  author?: string | null;

  @Field(() => String, { nullable: true, description: "Its page, http or https." })
  url?: string | null;
}

@InputType({ description: "What was built." })
export class CreateBuildInput {
  @Field(() => String, { description: "The codebase, as `github.com/acme/shop`, its address, or `acme/shop`." })
  repository!: string;

  @Field(() => String, { nullable: true, description: "The branch; without one it deploys nowhere by itself." })
  branch?: string | null;

  @Field(() => CommitInput, { description: "The commit." })
  commit!: CommitInput;

  @Field(() => String, {
    nullable: true,
    description: "Where the artifact is, at most 2,048 characters. Needed, and allowed, where it SUCCEEDED.",
  })
  artifact?: string | null;

  @Field(() => String, { nullable: true, description: "Its digest, for example `sha256:…`." })
  checksum?: string | null;

  @Field(() => BuildPhase, { nullable: true, description: "SUCCEEDED if left out, which then needs `artifact`." })
  phase?: BuildPhase | null;

  @Field(() => String, {
    nullable: true,
    description:
      "A key of your choice, 1 to 256 characters: a repeat with the same key within 24 hours answers as the first did.",
  })
  idempotencyKey?: string | null;
}

@InputType({ description: "How a build ended." })
export class UpdateBuildInput {
  @Field(() => ID, { description: "The build, by id. It must not have SUCCEEDED yet." })
  build!: string;

  @Field(() => BuildPhase, { description: "Its phase from now on." })
  phase!: BuildPhase;

  @Field(() => String, { nullable: true, description: "Where the artifact is; goes with SUCCEEDED." })
  artifact?: string | null;

  @Field(() => String, { nullable: true, description: "Its digest; goes with SUCCEEDED." })
  checksum?: string | null;
}

@InputType({ description: "Which build is to be released where." })
export class CreateReleaseInput {
  @Field(() => ID, { description: "The app, by id or name." })
  app!: string;

  @Field(() => ID, { description: "The build, by id. It must have SUCCEEDED." })
  build!: string;

  @Field(() => String, { nullable: true, description: "At most 1,024 characters; `Deploy of <commit>` if left out." })
  description?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "A key of your choice, 1 to 256 characters: a repeat with the same key within 24 hours answers as the first did.",
  })
  idempotencyKey?: string | null;
}

@InputType({
  description:
    "To the release before the current one if `release` is left out. It makes a new release of that release's build.",
})
export class RollbackInput {
  @Field(() => ID, { description: "The app, by id or name." })
  app!: string;

  @Field(() => ID, { nullable: true, description: "A release of the app that SUCCEEDED, by id." })
  release?: string | null;

  @Field(() => String, { nullable: true, description: "Why, at most 1,024 characters." })
  reason?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "A key of your choice, 1 to 256 characters: a repeat with the same key within 24 hours answers as the first did.",
  })
  idempotencyKey?: string | null;
}

@InputType({
  description:
    "What the system that runs the app says of a release's deployment: DEPLOYING (still at it: the timeout starts anew), SUCCEEDED or FAILED.",
})
export class ReportDeploymentInput {
  @Field(() => ID, { description: "The release, by id." })
  release!: string;

  @Field(() => ReleasePhase, { description: "DEPLOYING, SUCCEEDED or FAILED." })
  phase!: ReleasePhase;

  @Field(() => String, { nullable: true, description: "Why it FAILED, at most 1,024 characters." })
  failureReason?: string | null;
}

@InputType({
  description:
    "Creates the status of this context on the release or on the build (exactly one of the two), or updates it.",
})
export class ReportStatusInput {
  @Field(() => ID, { nullable: true, description: "The release, by id." })
  release?: string | null;

  @Field(() => ID, { nullable: true, description: "The build, by id: the status then holds for every release of it." })
  build?: string | null;

  @Field(() => String, { description: "The name of the check: 1 to 100 letters, digits, spaces and `._:/\\+()@#-`." })
  context!: string;

  @Field(() => StatusState, { description: "What is said." })
  state!: StatusState;

  @Field(() => String, { nullable: true, description: "The human-readable name of the reporting service." })
  name?: string | null;

  @Field(() => String, { nullable: true, description: "What it found, at most 1,024 characters." })
  description?: string | null;

  @Field(() => String, { nullable: true, description: "The page with the details, http or https." })
  targetUrl?: string | null;

  @Field(() => String, { nullable: true, description: "A picture of the reporting service, http or https." })
  imageUrl?: string | null;
}

@InputType({ description: "What is to be promoted, and where to." })
export class PromoteInput {
  @Field(() => ID, {
    nullable: true,
    description:
      "The source app. If left out, `pipeline` and `stage` are needed, and the first app coupled to that stage that has a release is promoted.",
  })
  app?: string | null;

  @Field(() => ID, { nullable: true, description: "The pipeline, by id or name." })
  pipeline?: string | null;

  @Field(() => Stage, { nullable: true, description: "The stage to promote out of." })
  stage?: Stage | null;

  @Field(() => ID, { nullable: true, description: "A release of the source app; its current one if left out." })
  release?: string | null;

  @Field(() => [ID], { nullable: true, description: "Apps in the next stage, at most 200; all of them if left out." })
  targets?: string[] | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "Promotes past unmet checks. Needs elevated access and a reason.",
  })
  force?: boolean | null;

  @Field(() => String, { nullable: true, description: "Why, at most 1,024 characters." })
  reason?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "A key of your choice, 1 to 256 characters: a repeat with the same key within 24 hours answers as the first did.",
  })
  idempotencyKey?: string | null;
}

@InputType({ description: "A pull request, as its host tells of it." })
export class PullRequestInput {
  @Field(() => Int, { description: "Its number, 1 or more." })
  number!: number;

  @Field(() => String, { description: "The branch that it would merge." })
  branch!: string;

  @Field(() => String, { nullable: true, description: "Its title." })
  title?: string | null;

  @Field(() => String, { nullable: true, description: "Who opened it." })
  author?: string | null;

  @Field(() => String, { nullable: true, description: "Its page, http or https." })
  url?: string | null;
}

@InputType({ description: "For which pull request a review app is to be made." })
export class OpenReviewAppInput {
  @Field(() => ID, { description: "The pipeline, by id or name. Review apps must be on there." })
  pipeline!: string;

  @Field(() => PullRequestInput, { description: "The pull request." })
  pullRequest!: PullRequestInput;
}

@InputType({ description: "Which review app is to go." })
export class CloseReviewAppInput {
  @Field(() => ID, { description: "The pipeline, by id or name." })
  pipeline!: string;

  @Field(() => Int, { description: "The number of the pull request." })
  pullRequestNumber!: number;
}

@InputType({ description: "What a new token is to be." })
export class CreateTokenInput {
  @Field(() => String, { description: "Who or what it is for, at most 256 characters." })
  name!: string;

  @Field(() => Role, { description: "What it may do." })
  role!: Role;

  @Field(() => Date, { nullable: true, description: "When it stops to work by itself; never if left out." })
  expiresAt?: Date | null;

  @Field(() => [ID], {
    nullable: true,
    description:
      "The pipelines to limit it to, by id or name, 1 to 100: elsewhere it sees and does nothing. Not limited if left out.",
  })
  pipelines?: string[] | null;
}

@InputType({ description: "Which token is to be revoked." })
export class RevokeTokenInput {
  @Field(() => ID, { description: "The token, by id." })
  token!: string;
}
