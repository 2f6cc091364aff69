import { Field, ID, InputType } from "type-graphql";
import type * as domain from "../../domain/releases/promotion-evaluation.js";
import { Stage } from "../../entities/core/enums.js";
import { requiresRole } from "../roles.js";
import { IDEMPOTENCY_KEY } from "./idempotency-key.js";

@InputType({ description: "Input for promote and promotionPlan. Set either `app`, or `pipeline` and `stage`." })
export class PromoteInput implements domain.PromoteInput {
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
    description: "Leaves out targets that already run the build; false if omitted. Refused if it leaves none.",
  })
  skipUpToDate?: boolean | null;

  @Field(() => Boolean, {
    nullable: true,
    description: `Promotes past gates that are not met. Requires a reason. ${requiresRole("forcePromotion")}`,
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
