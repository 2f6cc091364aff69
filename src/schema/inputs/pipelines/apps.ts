import { Field, ID, InputType } from "type-graphql";
import type * as domain from "../../../domain/pipelines/apps.js";
import { Duration } from "../../../entities/core/custom-scalars.js";
import { DeploymentMode } from "../../../entities/core/enums.js";
import { IDEMPOTENCY_KEY } from "../idempotency-key.js";

@InputType({ description: "Input for createApp." })
export class CreateAppInput implements domain.CreateAppInput {
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
export class UpdateAppInput implements domain.UpdateAppInput {
  @Field(() => ID, { description: "The app, by id or name." })
  app!: string;

  @Field(() => String, {
    nullable: true,
    description:
      "The new name: 1 to 63 lower-case letters, digits and dashes, unique among apps. Requires an unrestricted token; a review app cannot be renamed.",
  })
  name?: string | null;

  @Field(() => String, { nullable: true, description: "The new description, at most 1,024 characters." })
  description?: string | null;

  @Field(() => String, { nullable: true, description: "The region; null removes it." })
  region?: string | null;

  @Field(() => DeploymentMode, {
    nullable: true,
    description: "How its releases are deployed. Cannot be changed while a release is QUEUED or DEPLOYING.",
  })
  deploymentMode?: DeploymentMode | null;

  @Field(() => Duration, {
    nullable: true,
    description:
      "A deployment fails if nothing is reported for this long, 1s to 30d; null for the service's setting DEPLOY_TIMEOUT. Applies from the next start or report of a deployment.",
  })
  deployTimeout?: string | null;
}

@InputType({ description: "Input for deleteApp." })
export class DeleteAppInput {
  @Field(() => ID, { description: "The app, by id or name. It must not be in a pipeline." })
  app!: string;
}
