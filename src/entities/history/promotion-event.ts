import { Field, Int, ObjectType } from "type-graphql";
import { PromotionPhase, PromotionTargetPhase } from "../core/enums.js";
import { LogEvent } from "./event.js";
import type { OverrideDetail } from "./override-detail.js";

@ObjectType({
  implements: LogEvent,
  description:
    "A promotion began to wait, started, was paused, stopped or finished, or one of its waves or targets changed.",
  simpleResolvers: true,
})
export class PromotionEvent extends LogEvent {
  declare promotionId: string;
  declare detail: {
    phase: PromotionPhase;
    targetId: string | null;
    targetPhase: PromotionTargetPhase | null;
    wave?: number;
  } & OverrideDetail;

  @Field(() => PromotionPhase, { description: "The promotion's phase at the time of the event." })
  get promotionPhase(): PromotionPhase {
    return this.detail.phase;
  }

  @Field(() => PromotionTargetPhase, {
    nullable: true,
    description: "The target's phase at the time of the event; null unless the type is PROMOTION_TARGET_CHANGED.",
  })
  get targetPhase(): PromotionTargetPhase | null {
    return this.detail.targetPhase;
  }

  @Field(() => Int, {
    nullable: true,
    description: "The wave; null unless the type is PROMOTION_WAVE_STARTED or PROMOTION_ADVANCED.",
  })
  get wave(): number | null {
    return this.detail.wave ?? null;
  }

  @Field(() => Boolean, { description: "Whether `force` was used to bypass gates." })
  get forced(): boolean {
    return this.detail.forced === true;
  }

  @Field(() => String, { nullable: true, description: "Why it was forced; null if it was not." })
  get forceReason(): string | null {
    return this.detail.reason ?? null;
  }
}
