import { Field, ID, InterfaceType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import { Actor } from "../core/actor.js";
import type { Role } from "../core/enums.js";
import { instant } from "../core/instant.js";
import { Node } from "../core/node.js";
import { EventCursor, encodeCursor } from "./event-cursor.js";
import { EventType } from "./event-type.js";

/**
 * One row of the event log. Columns hold the values that filters use. `detail` holds the data of the event type: the
 * state at the time of the event, which later changes never modify. `event_apps` maps events to apps. Rows are
 * instances of the subclass that `event-class.ts` names for their type.
 */
@Entity("events")
@InterfaceType("Event", {
  implements: Node,
  description: "One committed change. The log is append-only: events never change, and cursors order them by commit.",
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
}
