import { Field, Int, ObjectType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { Actor } from "../core/actor.js";
import { ReleasePhase, ReleaseTrigger, type Role } from "../core/enums.js";
import { instant } from "../core/instant.js";
import { Node } from "../core/node.js";

@Entity("releases")
@ObjectType({
  implements: Node,
  description: "A build on an app. `version` counts 1, 2, 3 … per app without gaps or repeats.",
  simpleResolvers: true,
})
export class Release extends Node {
  @Column("text")
  appId!: string;

  @Column("text")
  buildId!: string;

  @Field(() => Int, { description: "Counts 1, 2, 3 … per app." })
  @Column("integer")
  version!: number;

  @Field(() => ReleasePhase, { description: "Where it is on its way to running." })
  @Column("text")
  phase!: ReleasePhase;

  @Field(() => String, { nullable: true, description: "Why it failed, where it did." })
  @Column("text", { nullable: true })
  failureReason!: string | null;

  @Field(() => ReleaseTrigger, { description: "What made it." })
  @Column("text")
  trigger!: ReleaseTrigger;

  @Field(() => String, { description: "What it is, in a few words, for example `Promotion from myapp-dev`." })
  @Column("text")
  description!: string;

  @Column("text", { nullable: true })
  promotionId!: string | null;

  @Column("text")
  createdByName!: string;

  @Column("text")
  createdByRole!: Role;

  /** While DEPLOYING: when it fails unless somebody reports. */
  @Column("bigint", { ...instant, nullable: true })
  deployDeadline!: Date | null;

  @Field(() => Date, { description: "When it was made." })
  @Column("bigint", instant)
  createdAt!: Date;

  @Field(() => Date, { description: "When its phase last changed." })
  @Column("bigint", instant)
  updatedAt!: Date;

  @Field(() => Actor, { description: "Who made it." })
  get createdBy(): Actor {
    return { name: this.createdByName, role: this.createdByRole };
  }
}
