import { Field, ObjectType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { Actor } from "../core/actor.js";
import { type Role, Stage } from "../core/enums.js";
import { instant } from "../core/instant.js";
import { Node } from "../core/node.js";

@Entity("quarantines")
@ObjectType({
  implements: Node,
  description:
    "Keeps a build that was found bad out of a stage and all later ones, until an administrator releases it or promotes it by `force`.",
  simpleResolvers: true,
})
export class Quarantine extends Node {
  @Column("text")
  buildId!: string;

  @Field(() => Stage, { description: "The first stage that the build must not go to." })
  @Column("text")
  fromStage!: Stage;

  @Field(() => String, { description: "Why the build is quarantined." })
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

  @Field(() => Date, { description: "When the build was quarantined." })
  @Column("bigint", instant)
  createdAt!: Date;

  @Field(() => Date, { nullable: true, description: "When the quarantine ended; null while it is in force." })
  @Column("bigint", { ...instant, nullable: true })
  endedAt!: Date | null;

  @Field(() => Actor, {
    description: "Who quarantined the build: a person, or the service after a verification failed.",
  })
  get by(): Actor {
    return { name: this.byName, role: this.byRole, subject: this.bySubject, person: this.byPerson };
  }
}
