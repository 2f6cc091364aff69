import { Field, ObjectType } from "type-graphql";
import { ReleasePhase, StatusState } from "../core/enums.js";
import { LogEvent } from "./event.js";
import type { OverrideDetail } from "./override-detail.js";

@ObjectType({
  implements: LogEvent,
  description: "An external service reported a status on a release.",
  simpleResolvers: true,
})
export class ReleaseStatusEvent extends LogEvent {
  declare releaseId: string;
  declare detail: { buildId: string; statusId: string; state: StatusState; previousState: StatusState | null };

  @Field(() => String, { description: "The context of the reported status." })
  declare context: string;

  @Field(() => StatusState, { description: "The reported state." })
  get state(): StatusState {
    return this.detail.state;
  }

  @Field(() => StatusState, { nullable: true, description: "The previous state; null for the first report." })
  get previousState(): StatusState | null {
    return this.detail.previousState;
  }
}

@ObjectType({
  implements: LogEvent,
  description: "A release was created, changed phase or was verified, or its deployer was asked to stop.",
  simpleResolvers: true,
})
export class ReleaseEvent extends LogEvent {
  declare releaseId: string;
  declare detail: { phase: ReleasePhase; problem?: string; statusId?: string } & OverrideDetail;

  @Field(() => String, {
    nullable: true,
    description: "Why the verification failed; null unless the type is VERIFICATION_FAILED or AUTOMATIC_ROLLBACK.",
  })
  get problem(): string | null {
    return this.detail.problem ?? null;
  }

  @Field(() => ReleasePhase, { description: "The release's phase at the time of the event." })
  get releasePhase(): ReleasePhase {
    return this.detail.phase;
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
