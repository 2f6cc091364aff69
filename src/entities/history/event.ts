import { Field, ID, Int, InterfaceType, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import { Actor } from "../core/actor.js";
import {
  EventType,
  PromotionPhase,
  PromotionTargetPhase,
  ReleasePhase,
  type Role,
  StatusState,
  VoidReason,
} from "../core/enums.js";
import { instant } from "../core/instant.js";
import { Node } from "../core/node.js";
import { EventCursor, encodeCursor } from "./event-cursor.js";

/**
 * One row of the event log. Columns hold the values that filters use. `detail` holds the data of the event type: the
 * state at the time of the event, which later changes never modify. `event_apps` maps events to apps.
 */
@Entity("events")
@InterfaceType("Event", {
  implements: Node,
  description: "One committed change. The log is append-only: events never change, and cursors order them by commit.",
  resolveType: eventTypeName,
})
export abstract class LogEvent {
  /** 1, 2, 3 … in commit order, without gaps. */
  @PrimaryColumn("bigint", { transformer: { from: Number, to: (value: number) => value } })
  position!: number;

  @Field(() => EventType, { description: "The type of change." })
  @Column("text")
  type!: EventType;

  @Field(() => Date, { description: "When the change happened." })
  @Column("bigint", instant)
  occurredAt!: Date;

  @Column("text")
  actorName!: string;

  @Column("text")
  actorRole!: Role;

  @Column("text", { nullable: true })
  actorSubject!: string | null;

  @Column("text", { nullable: true })
  actorPerson!: string | null;

  @Field(() => ID, {
    nullable: true,
    description:
      "The id of the affected pipeline, even if it has been deleted; null if the change affects no pipeline.",
  })
  @Column("text", { nullable: true })
  pipelineId!: string | null;

  @Column("text", { nullable: true })
  promotionId!: string | null;

  @Column("text", { nullable: true })
  releaseId!: string | null;

  @Column("text", { nullable: true })
  context!: string | null;

  @Column("simple-json")
  detail!: unknown;

  @Field(() => ID, { description: "The event's id, the same as its cursor." })
  get id(): string {
    return this.cursor;
  }

  @Field(() => EventCursor, { description: "The position in the log. Pass it as `after` to resume from here." })
  get cursor(): string {
    return encodeCursor(this.position);
  }

  @Field(() => Actor, { description: "Who made the change." })
  get actor(): Actor {
    return {
      name: this.actorName,
      role: this.actorRole,
      subject: this.actorSubject,
      person: this.actorPerson,
    };
  }

  /** Used by the entity mapper to instantiate the subclass for the row's event type. */
  static classOf(row: { type: EventType }): new () => LogEvent {
    return eventClass(row.type);
  }
}

/** Present if the promotion or release was forced. */
interface OverrideDetail {
  readonly forced?: true;
  readonly reason?: string;
}

@ObjectType({
  implements: LogEvent,
  description: "A promotion waits, started, one of its waves or targets changed, it was paused, stopped or finished.",
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

  @Field(() => Boolean, { description: "Whether `force` was used to go past gates." })
  get forced(): boolean {
    return this.detail.forced === true;
  }

  @Field(() => String, { nullable: true, description: "Why it was forced; null if it was not." })
  get forceReason(): string | null {
    return this.detail.reason ?? null;
  }
}

@ObjectType({
  implements: LogEvent,
  description: "A promotion was approved or rejected, or an approval stopped counting.",
  simpleResolvers: true,
})
export class ApprovalEvent extends LogEvent {
  declare promotionId: string;
  declare detail: { approvalId: string; ruleId: string; voidedBecause: VoidReason | null };

  @Field(() => VoidReason, {
    nullable: true,
    description: "Why the approval stopped counting; null unless the type is APPROVAL_VOIDED.",
  })
  get voidedBecause(): VoidReason | null {
    return this.detail.voidedBecause;
  }
}

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
  description: "A release was created, changed phase or was verified, or its deployer is asked to stop.",
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

  @Field(() => Boolean, { description: "Whether `force` was used to go past gates." })
  get forced(): boolean {
    return this.detail.forced === true;
  }

  @Field(() => String, { nullable: true, description: "Why it was forced; null if it was not." })
  get forceReason(): string | null {
    return this.detail.reason ?? null;
  }
}

@ObjectType({
  implements: LogEvent,
  description: "Config vars of an app were changed or read. It names keys, and never holds a value.",
  simpleResolvers: true,
})
export class ConfigEvent extends LogEvent {
  declare detail: { appId: string; appName: string; keys: readonly string[]; configVersion: number };

  @Field(() => String, { description: "The app's name at the time of the event." })
  get appName(): string {
    return this.detail.appName;
  }

  @Field(() => [String], { description: "The keys that were changed or read, sorted." })
  get keys(): readonly string[] {
    return this.detail.keys;
  }

  @Field(() => Int, {
    description: "The version of the app's config: that which a change made, or that which was read.",
  })
  get configVersion(): number {
    return this.detail.configVersion;
  }
}

@ObjectType({
  implements: LogEvent,
  description: "Any other change, for example to a pipeline, an app, a coupling, a build or a token.",
  simpleResolvers: true,
})
export class ChangeEvent extends LogEvent {
  declare detail: { subjectId: string; subjectName: string; summary: string };

  @Field(() => ID, { description: "The id of the changed object, even if it has since been deleted." })
  get subjectId(): string {
    return this.detail.subjectId;
  }

  @Field(() => String, {
    description: "The object's name at the time of the event; for a coupling, the name of its app.",
  })
  get subjectName(): string {
    return this.detail.subjectName;
  }

  @Field(() => String, {
    description: "A human-readable summary, for example `Required checks of myapp-prod: +ci/build -qa/smoke`.",
  })
  get summary(): string {
    return this.detail.summary;
  }
}

/** Returns the name of the event's GraphQL object type. */
export function eventTypeName(event: LogEvent): string {
  return eventClass(event.type).name;
}

function eventClass(type: EventType): new () => LogEvent {
  switch (type) {
    case "PROMOTION_WAITING":
    case "PROMOTION_STARTED":
    case "PROMOTION_FORCED":
    case "PROMOTION_REVIEWED":
    case "PROMOTION_TARGET_CHANGED":
    case "PROMOTION_FINISHED":
    case "PROMOTION_WAVE_STARTED":
    case "PROMOTION_ADVANCED":
    case "PROMOTION_PAUSED":
    case "PROMOTION_RESUMED":
    case "ROLLOUT_STOPPED":
      return PromotionEvent;
    case "APPROVAL_GIVEN":
    case "APPROVAL_REJECTED":
    case "APPROVAL_VOIDED":
      return ApprovalEvent;
    case "RELEASE_STATUS_REPORTED":
      return ReleaseStatusEvent;
    case "RELEASE_CREATED":
    case "RELEASE_PHASE_CHANGED":
    case "RELEASE_CANCEL_REQUESTED":
    case "RELEASE_VERIFIED":
    case "VERIFICATION_FAILED":
    case "AUTOMATIC_ROLLBACK":
      return ReleaseEvent;
    case "CONFIG_CHANGED":
    case "CONFIG_READ":
      return ConfigEvent;
    default:
      return ChangeEvent;
  }
}
