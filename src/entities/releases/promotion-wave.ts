import { Field, Int, ObjectType } from "type-graphql";
import { PromotionTargetPhase } from "../core/enums.js";
import { Blocker } from "./plan.js";
import { PromotionTarget } from "./promotion-target.js";

@ObjectType({
  description:
    "The targets of a promotion that start together, or in batches if the policy of the stage limits how many are in progress at the same time.",
  simpleResolvers: true,
})
export class PromotionWave {
  @Field(() => Int, { description: "The number of the wave. The lowest goes first." })
  number!: number;

  @Field(() => PromotionTargetPhase, {
    description:
      "The phase of the wave. WAITING until its first target starts. While targets are in progress, the first of DEPLOYING, QUEUED and VERIFYING that one of them is in. Afterwards, the first of FAILED, ROLLED_BACK, CANCELLED and SUPERSEDED in which a target ended; otherwise SUCCEEDED.",
  })
  phase!: PromotionTargetPhase;

  @Field(() => [PromotionTarget], { description: "The targets of the wave." })
  targets!: PromotionTarget[];

  @Field(() => Date, {
    nullable: true,
    description: "When its next targets start by themselves; null if none is waiting, or the time is not known.",
  })
  startsAt!: Date | null;

  @Field(() => [Blocker], {
    description:
      "Everything that its next targets are waiting for; empty if none is waiting. Evaluated when read, so it changes without an event.",
  })
  blockers!: Blocker[];
}
