import { Field, ID, InputType } from "type-graphql";
import type * as domain from "../../../domain/releases/releases.js";
import { DeploymentPhase } from "../../../entities/core/enums.js";
import { requiresRole } from "../../roles.js";
import { IDEMPOTENCY_KEY } from "../idempotency-key.js";

@InputType({ description: "Input for createRelease." })
export class CreateReleaseInput implements domain.CreateReleaseInput {
  @Field(() => ID, { description: "The app, by id or name." })
  app!: string;

  @Field(() => ID, { description: "The build, by id. It must have SUCCEEDED." })
  build!: string;

  @Field(() => String, {
    nullable: true,
    description: "A description, at most 1,024 characters; `Deploy of <commit>` if omitted.",
  })
  description?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: `Bypasses gates that are not met. Requires a reason. ${requiresRole("forceRelease")}`,
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

@InputType({ description: "Input for rollback. Creates a new release with the build of an earlier one." })
export class RollbackInput implements domain.RollbackInput {
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
export class ReportDeploymentInput implements domain.ReportDeploymentInput {
  @Field(() => ID, { description: "The release, by id." })
  release!: string;

  @Field(() => DeploymentPhase, { description: "The phase of the deployment." })
  phase!: DeploymentPhase;

  @Field(() => String, { nullable: true, description: "Why it FAILED, at most 1,024 characters." })
  failureReason?: string | null;
}
