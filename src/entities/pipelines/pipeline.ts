import { Field, ObjectType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { instant } from "../core/instant.js";
import { Node } from "../core/node.js";

@Entity("pipelines")
@ObjectType({
  implements: Node,
  description: "A group of apps that share one codebase and move through the stages together.",
  simpleResolvers: true,
})
export class Pipeline extends Node {
  @Field(() => String, { description: "Unique among pipelines; lower-case letters, digits and dashes." })
  @Column("text")
  name!: string;

  @Field(() => String, { description: "What the pipeline is for; empty where nobody said." })
  @Column("text")
  description!: string;

  @Field(() => String, {
    nullable: true,
    description:
      "The codebase, for example `github.com/acme/shop`; builds and pull requests are matched to pipelines by it.",
  })
  @Column("text", { nullable: true })
  repository!: string | null;

  @Field(() => String, {
    description: "The central branch: its builds deploy by themselves to the apps of the development stage.",
  })
  @Column("text")
  branch!: string;

  @Field(() => Boolean, { description: "Whether a pull request gets an app of its own in the review stage." })
  @Column("boolean")
  reviewAppsEnabled!: boolean;

  @Field(() => Date, { description: "When it was created." })
  @Column("bigint", instant)
  createdAt!: Date;

  @Field(() => Date, { description: "When it last changed." })
  @Column("bigint", instant)
  updatedAt!: Date;

  /** Set once it was deleted: the row stays for the history that names it, and its name is free again. */
  @Column("bigint", { ...instant, nullable: true })
  deletedAt!: Date | null;
}
