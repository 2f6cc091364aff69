import { Field, ObjectType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { Actor } from "../core/actor.js";
import { type Role, StatusState } from "../core/enums.js";
import { instant } from "../core/instant.js";
import { Node } from "../core/node.js";

@Entity("release_statuses")
@ObjectType({
  implements: Node,
  description: [
    "The latest status of one context on a release or a build. A status on a build applies to every release of that build,",
    "including later ones, unless the release has its own status in that context.",
  ].join("\n"),
  simpleResolvers: true,
})
export class ReleaseStatus extends Node {
  /** Null if the status was reported on the build. */
  @Column("text", { nullable: true })
  releaseId!: string | null;

  @Column("text")
  buildId!: string;

  @Field(() => String, { description: "The name of the check, for example `ci/build`." })
  @Column("text")
  context!: string;

  @Field(() => StatusState, { description: "The latest reported state." })
  @Column("text")
  state!: StatusState;

  @Field(() => String, {
    nullable: true,
    description: "The human-readable name of the reporting service; null if not given.",
  })
  @Column("text", { nullable: true })
  name!: string | null;

  @Field(() => String, { nullable: true, description: "A short description of the result; null if not given." })
  @Column("text", { nullable: true })
  description!: string | null;

  @Field(() => String, { nullable: true, description: "The URL of the details page; null if not given." })
  @Column("text", { nullable: true })
  targetUrl!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The URL of an icon of the reporting service; null if not given.",
  })
  @Column("text", { nullable: true })
  imageUrl!: string | null;

  @Column("text")
  reportedByName!: string;

  @Column("text")
  reportedByRole!: Role;

  @Column("text", { nullable: true })
  reportedBySubject!: string | null;

  @Column("text", { nullable: true })
  reportedByPerson!: string | null;

  @Field(() => Date, { description: "When this context was first reported." })
  @Column("bigint", instant)
  createdAt!: Date;

  @Field(() => Date, { description: "When a report last changed it." })
  @Column("bigint", instant)
  updatedAt!: Date;

  @Field(() => Actor, { description: "Who sent the latest report." })
  get reportedBy(): Actor {
    return {
      name: this.reportedByName,
      role: this.reportedByRole,
      subject: this.reportedBySubject,
      person: this.reportedByPerson,
    };
  }
}
