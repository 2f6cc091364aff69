import { Field, ID, InterfaceType, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import { Actor } from "../core/actor.js";
import { EventType, PromotionPhase, ReleasePhase, type Role, StatusState } from "../core/enums.js";
import { instant } from "../core/instant.js";
import { EventCursor, encodeCursor } from "./event-cursor.js";

/**
 * One row of the event log. Columns are what filters ask for; `detail` is what each kind of event adds: the state at the
 * moment of the event, which later changes never touch. Which apps an event concerns is kept in `event_apps`.
 */
@Entity("events")
@InterfaceType("Event", {
  description:
    "One committed change. The log is append-only: an event is never changed, and its cursor orders it after all earlier ones.",
  resolveType: typeOfEvent,
})
export abstract class LogEvent {
  /** Counts 1, 2, 3 … in commit order, without gaps. */
  @PrimaryColumn("bigint", { transformer: { from: Number, to: (value: number) => value } })
  position!: number;

  @Field(() => EventType, { description: "What happened." })
  @Column("text")
  type!: EventType;

  @Field(() => Date, { description: "When it happened." })
  @Column("bigint", instant)
  occurredAt!: Date;

  @Column("text")
  actorName!: string;

  @Column("text")
  actorRole!: Role;

  @Field(() => ID, {
    nullable: true,
    description:
      "The id of the pipeline that the change concerns, kept also where it is gone; null where it concerns none.",
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

  @Field(() => EventCursor, { description: "Its place in the log, to go on from." })
  get cursor(): string {
    return encodeCursor(this.position);
  }

  @Field(() => Actor, { description: "Who did it." })
  get actor(): Actor {
    return { name: this.actorName, role: this.actorRole };
  }

  /** Rows become instances of the class of their type. */
  static classOf(row: { type: EventType }): new () => LogEvent {
    return eventClass(row.type);
  }
}

@ObjectType({
  implements: LogEvent,
  description: "A promotion started, one of its targets moved, or it finished.",
  simpleResolvers: true,
})
export class PromotionEvent extends LogEvent {
  declare promotionId: string;
  declare detail: { phase: PromotionPhase; targetId: string | null; targetPhase: ReleasePhase | null };

  @Field(() => PromotionPhase, { description: "The promotion's phase at the moment of the event." })
  get promotionPhase(): PromotionPhase {
    return this.detail.phase;
  }

  @Field(() => ReleasePhase, {
    nullable: true,
    description: "The target's phase at the moment of the event; set for PROMOTION_TARGET_CHANGED.",
  })
  get targetPhase(): ReleasePhase | null {
    return this.detail.targetPhase;
  }
}

@ObjectType({
  implements: LogEvent,
  description: "A third party reported a status on a release.",
  simpleResolvers: true,
})
export class ReleaseStatusEvent extends LogEvent {
  declare releaseId: string;
  declare detail: { buildId: string; statusId: string; state: StatusState; previousState: StatusState | null };

  @Field(() => String, { description: "The context that was reported." })
  declare context: string;

  @Field(() => StatusState, { description: "The state as reported then." })
  get state(): StatusState {
    return this.detail.state;
  }

  @Field(() => StatusState, { nullable: true, description: "The state before it; null for the first report." })
  get previousState(): StatusState | null {
    return this.detail.previousState;
  }
}

@ObjectType({
  implements: LogEvent,
  description: "A release was created or changed its phase.",
  simpleResolvers: true,
})
export class ReleaseEvent extends LogEvent {
  declare releaseId: string;
  declare detail: { phase: ReleasePhase };

  @Field(() => ReleasePhase, { description: "The release's phase at the moment of the event." })
  get releasePhase(): ReleasePhase {
    return this.detail.phase;
  }
}

@ObjectType({
  implements: LogEvent,
  description: "Any other change: to a pipeline, an app, a coupling, a build or a token.",
  simpleResolvers: true,
})
export class ChangeEvent extends LogEvent {
  declare detail: { subjectId: string; subjectName: string; summary: string };

  @Field(() => ID, { description: "The id of what changed, kept also where it has since been deleted." })
  get subjectId(): string {
    return this.detail.subjectId;
  }

  @Field(() => String, { description: "The name of what changed, as it then was; of a coupling, its app's." })
  get subjectName(): string {
    return this.detail.subjectName;
  }

  @Field(() => String, {
    description: "One sentence a person can read, for example `Required checks of myapp-prod: +ci/build -qa/smoke`.",
  })
  get summary(): string {
    return this.detail.summary;
  }
}

/** Which object of the contract an event is told as. */
/** The object type of an event. */
export function typeOfEvent(event: LogEvent): string {
  return eventClass(event.type).name;
}

function eventClass(type: EventType): new () => LogEvent {
  switch (type) {
    case "PROMOTION_STARTED":
    case "PROMOTION_TARGET_CHANGED":
    case "PROMOTION_FINISHED":
      return PromotionEvent;
    case "RELEASE_STATUS_REPORTED":
      return ReleaseStatusEvent;
    case "RELEASE_CREATED":
    case "RELEASE_PHASE_CHANGED":
      return ReleaseEvent;
    default:
      return ChangeEvent;
  }
}

/** Which apps an event concerns: the app itself, or a promotion's source and targets. */
@Entity("event_apps")
export class EventApp {
  @PrimaryColumn("text")
  appId!: string;

  @PrimaryColumn("bigint")
  position!: number;
}
