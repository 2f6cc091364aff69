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
    "What a third party last said in one context, of one release or of a build. A status on a build holds for every release",
    "of it, also those made later (so a commit's CI result follows the artifact downstream), until the release has its own.",
  ].join("\n"),
  simpleResolvers: true,
})
export class ReleaseStatus extends Node {
  /** Null where it was reported on the build. */
  @Column("text", { nullable: true })
  releaseId!: string | null;

  @Column("text")
  buildId!: string;

  @Field(() => String, { description: "The name of the check, for example `ci/build`." })
  @Column("text")
  context!: string;

  @Field(() => StatusState, { description: "What was last said." })
  @Column("text")
  state!: StatusState;

  @Field(() => String, { nullable: true, description: "The human-readable name of the reporting service." })
  @Column("text", { nullable: true })
  name!: string | null;

  @Field(() => String, { nullable: true, description: "What it found, in a sentence." })
  @Column("text", { nullable: true })
  description!: string | null;

  @Field(() => String, { nullable: true, description: "The page with the details." })
  @Column("text", { nullable: true })
  targetUrl!: string | null;

  @Field(() => String, { nullable: true, description: "A picture of the reporting service." })
  @Column("text", { nullable: true })
  imageUrl!: string | null;

  @Column("text")
  reportedByName!: string;

  @Column("text")
  reportedByRole!: Role;

  @Field(() => Date, { description: "When this context was first reported." })
  @Column("bigint", instant)
  createdAt!: Date;

  @Field(() => Date, { description: "When the last report changed something." })
  @Column("bigint", instant)
  updatedAt!: Date;

  @Field(() => Actor, { description: "Who reported last." })
  get reportedBy(): Actor {
    return { name: this.reportedByName, role: this.reportedByRole };
  }
}
