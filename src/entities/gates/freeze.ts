import { Field, ObjectType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { Actor } from "../core/actor.js";
import { fromActorColumns } from "../core/actor-columns.js";
import type { Role } from "../core/enums.js";
import { instant, integer } from "../core/instant.js";
import { Node } from "../core/node.js";

@Entity("freezes")
@ObjectType({
  implements: Node,
  description: "Stops deployments, for example during an incident. Rollbacks remain possible.",
  simpleResolvers: true,
})
export class Freeze extends Node {
  @Field(() => String, { description: "Why deployments are stopped." })
  @Column("text")
  reason!: string;

  @Field(() => String, { nullable: true, description: "The address of the incident; null if not given." })
  @Column("text", { nullable: true })
  incidentUrl!: string | null;

  @Field(() => Date, { description: "When it begins." })
  @Column("bigint", instant)
  startsAt!: Date;

  @Field(() => Date, {
    nullable: true,
    description: "When it ends automatically; null if it lasts until it is lifted.",
  })
  @Column("bigint", { ...instant, nullable: true })
  endsAt!: Date | null;

  @Field(() => Boolean, { description: "Whether even `force` cannot bypass it." })
  @Column("boolean")
  hard!: boolean;

  @Column("text")
  startedByName!: string;

  @Column("text")
  startedByRole!: Role;

  @Column("text", { nullable: true })
  startedBySubject!: string | null;

  @Column("text", { nullable: true })
  startedByPerson!: string | null;

  @Field(() => Date, { nullable: true, description: "When it was lifted; null if it was not." })
  @Column("bigint", { ...instant, nullable: true })
  liftedAt!: Date | null;

  @Column("text", { nullable: true })
  liftedByName!: string | null;

  @Column("text", { nullable: true })
  liftedByRole!: Role | null;

  @Column("text", { nullable: true })
  liftedBySubject!: string | null;

  @Column("text", { nullable: true })
  liftedByPerson!: string | null;

  @Field(() => String, { nullable: true, description: "Why it was lifted; null if it was not." })
  @Column("text", { nullable: true })
  liftReason!: string | null;

  @Field(() => Date, { description: "When it was created." })
  @Column("bigint", instant)
  createdAt!: Date;

  /** The order of creation. */
  @Column("bigint", integer)
  position!: number;

  /** When its next change is announced: its start, then its end. Null if it has ended, or has begun and has no end. */
  @Column("bigint", { ...instant, nullable: true })
  announceAt!: Date | null;

  /** Whether its end was announced, after it was lifted or has expired. */
  @Column("boolean")
  ended!: boolean;

  @Field(() => Actor, { description: "Who started it." })
  get startedBy(): Actor {
    return {
      name: this.startedByName,
      role: this.startedByRole,
      subject: this.startedBySubject,
      person: this.startedByPerson,
    };
  }

  @Field(() => Actor, { nullable: true, description: "Who lifted it; null if it was not lifted." })
  get liftedBy(): Actor | null {
    return fromActorColumns("liftedBy", this);
  }
}

@Entity("freeze_exemptions")
@ObjectType({
  implements: Node,
  description: "Exempts a build or an app from a freeze.",
  simpleResolvers: true,
})
export class FreezeExemption extends Node {
  @Column("text")
  freezeId!: string;

  @Column("text", { nullable: true })
  buildId!: string | null;

  @Column("text", { nullable: true })
  appId!: string | null;

  @Field(() => String, { description: "The reason for the exemption." })
  @Column("text")
  reason!: string;

  @Column("text")
  byName!: string;

  @Column("text")
  byRole!: Role;

  @Column("text", { nullable: true })
  bySubject!: string | null;

  @Column("text", { nullable: true })
  byPerson!: string | null;

  @Field(() => Date, { description: "When the exemption was created." })
  @Column("bigint", instant)
  createdAt!: Date;

  @Field(() => Date, { description: "When the exemption ends." })
  @Column("bigint", instant)
  expiresAt!: Date;

  @Field(() => Actor, { description: "Who created the exemption." })
  get by(): Actor {
    return { name: this.byName, role: this.byRole, subject: this.bySubject, person: this.byPerson };
  }
}
