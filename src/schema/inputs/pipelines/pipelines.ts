import { Field, ID, InputType } from "type-graphql";
import type * as domain from "../../../domain/pipelines/pipelines.js";
import { IDEMPOTENCY_KEY } from "../idempotency-key.js";

@InputType({ description: "Input for createPipeline." })
export class CreatePipelineInput implements domain.CreatePipelineInput {
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
export class UpdatePipelineInput implements domain.UpdatePipelineInput {
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
