import { Field, Int, ObjectType } from "type-graphql";
import { PromotionTargetPhase } from "../core/enums.js";
import { Blocker } from "./plan.js";
import { PromotionTarget } from "./promotion-target.js";

@ObjectType({
  description:
    "The targets of a promotion that go together, or one after the other if the policy of the stage limits how many are under way at once.",
  simpleResolvers: true,
})
export class PromotionWave {
  @Field(() => Int, { description: "The number of the wave. The lowest goes first." })
  number!: number;

  @Field(() => PromotionTargetPhase, {
    description:
      "The phase of the wave. WAITING until its first target is admitted. While targets are under way, what most of the work still is: DEPLOYING before QUEUED before VERIFYING. Then FAILED if a target failed, else ROLLED_BACK, CANCELLED or SUPERSEDED if one ended so, else SUCCEEDED.",
  })
  phase!: PromotionTargetPhase;

  @Field(() => [PromotionTarget], { description: "The targets of the wave." })
  targets!: PromotionTarget[];

  @Field(() => Date, {
    nullable: true,
    description: "When time alone lets its next targets go; null if none waits, or no time is known.",
  })
  startsAt!: Date | null;

  @Field(() => [Blocker], {
    description: "Everything that its next targets wait for; empty if none waits. Live: it changes without an event.",
  })
  blockers!: Blocker[];
}
