import { Field, ObjectType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { LocalDate, LocalTime, TimeZone } from "../core/custom-scalars.js";
import { WindowKind } from "../core/enums.js";
import { instant, integer } from "../core/instant.js";
import { Node } from "../core/node.js";

@Entity("deployment_windows")
@ObjectType({
  implements: Node,
  description:
    "Recurring times at which deployments may begin (ALLOW) or may not (DENY). An app is open if no DENY window in scope is active and, if ALLOW windows are in scope, one of them is.",
  simpleResolvers: true,
})
export class DeploymentWindow extends Node {
  @Field(() => String, { description: "The name: lower-case letters, digits and dashes, unique among windows." })
  @Column("text")
  name!: string;

  @Field(() => WindowKind, { description: "Whether deployments may or may not begin while the window is active." })
  @Column("text")
  kind!: WindowKind;

  @Field(() => TimeZone, { description: "The IANA time zone of its dates and times, for example `Europe/Berlin`." })
  @Column("text")
  timeZone!: string;

  @Field(() => String, {
    nullable: true,
    description:
      "The days on which it begins, as a recurrence rule of RFC 5545, for example `FREQ=WEEKLY;BYDAY=MO,TU`; null for every day.",
  })
  @Column("text", { nullable: true })
  recurrence!: string | null;

  @Field(() => LocalDate, { description: "The first day on which it may begin, for example `2026-12-01`." })
  @Column("text")
  startDate!: string;

  @Field(() => LocalDate, { nullable: true, description: "The last day on which it may begin; null if it has no end." })
  @Column("text", { nullable: true })
  endDate!: string | null;

  @Field(() => LocalTime, { description: "The local time at which it begins on these days, for example `09:00`." })
  @Column("text")
  startTime!: string;

  @Field(() => LocalTime, {
    description: "The local time at which it ends; on the next day if this is at or before `startTime`.",
  })
  @Column("text")
  endTime!: string;

  @Field(() => String, { nullable: true, description: "What people see when it blocks them; null if not set." })
  @Column("text", { nullable: true })
  message!: string | null;

  @Field(() => Date, { description: "When it was created." })
  @Column("bigint", instant)
  createdAt!: Date;

  @Field(() => Date, { description: "When it was last changed." })
  @Column("bigint", instant)
  updatedAt!: Date;

  /** When it was deleted; null if not deleted. The row stays because events refer to it. */
  @Column("bigint", { ...instant, nullable: true })
  deletedAt!: Date | null;

  /** The order of creation. */
  @Column("bigint", integer)
  position!: number;

  /** Whether it was active when its last change was announced. Gates do not use it: they evaluate the schedule. */
  @Column("boolean")
  announcedActive!: boolean;

  /** When the next change is announced; null if there is none. */
  @Column("bigint", { ...instant, nullable: true })
  announceAt!: Date | null;
}

@ObjectType({ description: "A span of time.", simpleResolvers: true })
export class TimeInterval {
  @Field(() => Date, { description: "When it begins." })
  startsAt!: Date;

  @Field(() => Date, { description: "When it ends (exclusive)." })
  endsAt!: Date;
}
