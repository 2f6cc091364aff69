import { Field, ID, InputType } from "type-graphql";
import type { CancelPromotionInput as CancelInput } from "../../../domain/promotions/cancel.js";
import type * as domain from "../../../domain/promotions/promote-input.js";
import type { RetryPromotionInput as RetryInput } from "../../../domain/promotions/retry.js";
import type { ReviewForcedPromotionInput as ReviewInput } from "../../../domain/promotions/review.js";
import type { UndoPromotionInput as UndoInput } from "../../../domain/promotions/undo.js";
import { Duration } from "../../../entities/core/custom-scalars.js";
import { Stage } from "../../../entities/core/enums.js";
import { requiresRole } from "../../roles.js";
import { IDEMPOTENCY_KEY } from "../idempotency-key.js";

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
    description: "Skips targets that already run the build; false if omitted. Refused if no target is left.",
  })
  skipUpToDate?: boolean | null;

  @Field(() => Boolean, {
    nullable: true,
    description: `Bypasses gates that are not met. Requires a reason. ${requiresRole("forcePromotion")}`,
  })
  force?: boolean | null;

  @Field(() => String, { nullable: true, description: "The reason, at most 1,024 characters." })
  reason?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description:
      "Waits for blockers that can be cleared, instead of being refused. The promotion starts as soon as nothing blocks it. It is refused immediately if only `force`, or nothing, can clear a blocker. At most 100 promotions may wait in a pipeline, and at most one for an app: a newer one replaces it.",
  })
  whenReady?: boolean | null;

  @Field(() => Date, {
    nullable: true,
    description: "The earliest time at which it may start, at most 30 days ahead. Implies `whenReady`.",
  })
  notBefore?: Date | null;

  @Field(() => Duration, {
    nullable: true,
    defaultValue: "72h",
    description: "How long it may wait, from 1m to 30d, counted from `notBefore` if that is given.",
  })
  expiresIn?: string | null;

  @Field(() => String, {
    nullable: true,
    description: IDEMPOTENCY_KEY,
  })
  idempotencyKey?: string | null;
}

@InputType({ description: "Input for cancelPromotion." })
export class CancelPromotionInput implements CancelInput {
  @Field(() => ID, { description: "The promotion, by id." })
  promotion!: string;

  @Field(() => String, { description: "The reason, at most 1,024 characters." })
  reason!: string;
}

@InputType({ description: "Input for retryPromotion." })
export class RetryPromotionInput implements RetryInput {
  @Field(() => ID, { description: "The promotion to try again, by id." })
  promotion!: string;

  @Field(() => [ID], {
    nullable: true,
    description: "Apps, by id or name, that failed or were cancelled; all of these if omitted.",
  })
  targets?: string[] | null;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: "Waits up to 72 hours for blockers that can be cleared, instead of being refused.",
  })
  whenReady?: boolean | null;

  @Field(() => String, { nullable: true, description: IDEMPOTENCY_KEY })
  idempotencyKey?: string | null;
}

@InputType({ description: "Input for undoPromotion." })
export class UndoPromotionInput implements UndoInput {
  @Field(() => ID, { description: "The promotion to undo, by id." })
  promotion!: string;

  @Field(() => String, { description: "The reason, at most 1,024 characters." })
  reason!: string;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: false,
    description: "Skips targets that have moved on or cannot go back. Otherwise, such a target causes a refusal.",
  })
  skipMovedOn?: boolean | null;

  @Field(() => String, { nullable: true, description: IDEMPOTENCY_KEY })
  idempotencyKey?: string | null;
}

@InputType({ description: "Input for reviewForcedPromotion." })
export class ReviewForcedPromotionInput implements ReviewInput {
  @Field(() => ID, { description: "The promotion, by id." })
  promotion!: string;

  @Field(() => String, { description: "What you found, at most 1,024 characters." })
  comment!: string;
}
