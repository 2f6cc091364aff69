import { Field, ID, InputType, Int } from "type-graphql";
import type * as domain from "../../../domain/builds/builds.js";
import type * as quarantines from "../../../domain/rollouts/quarantine/quarantines.js";
import { BuildPhase, Stage } from "../../../entities/core/enums.js";
import { IDEMPOTENCY_KEY } from "../idempotency-key.js";

@InputType({ description: "The commit that a build was made from." })
export class CommitInput implements domain.CommitInput {
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
export class CreateBuildInput implements domain.CreateBuildInput {
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

  @Field(() => [String], {
    nullable: true,
    description:
      "The keys of the config vars that the build needs, at most 200. Promotions to apps that have not set them are blocked.",
  })
  requiredConfig?: readonly string[] | null;

  @Field(() => String, {
    nullable: true,
    description: IDEMPOTENCY_KEY,
  })
  idempotencyKey?: string | null;
}

@InputType({ description: "Input for updateBuild." })
export class UpdateBuildInput implements domain.UpdateBuildInput {
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

@InputType({ description: "Input for quarantineBuild." })
export class QuarantineBuildInput implements quarantines.QuarantineBuildInput {
  @Field(() => ID, { description: "The build, by id." })
  build!: string;

  @Field(() => Stage, { description: "The first stage that the build must not go to." })
  fromStage!: Stage;

  @Field(() => String, { description: "Why, at most 1,024 characters." })
  reason!: string;

  @Field(() => String, { nullable: true, description: IDEMPOTENCY_KEY })
  idempotencyKey?: string | null;
}

@InputType({ description: "Input for releaseBuild." })
export class ReleaseBuildInput implements quarantines.ReleaseBuildInput {
  @Field(() => ID, { description: "The build, by id." })
  build!: string;

  @Field(() => String, { description: "Why, at most 1,024 characters." })
  reason!: string;
}
