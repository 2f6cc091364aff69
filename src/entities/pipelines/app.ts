import { Field, ObjectType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { DeploymentMode } from "../core/enums.js";
import { instant } from "../core/instant.js";
import { Node } from "../core/node.js";

@Entity("apps")
@ObjectType({
  implements: Node,
  description: "Something that runs: one environment of a codebase, in one region.",
  simpleResolvers: true,
})
export class App extends Node {
  @Field(() => String, { description: "Unique among apps; lower-case letters, digits and dashes." })
  @Column("text")
  name!: string;

  @Field(() => String, { description: "What the app is for; empty where nobody said." })
  @Column("text")
  description!: string;

  @Field(() => String, { nullable: true, description: "Where it runs, for example `eu-west-1`." })
  @Column("text", { nullable: true })
  region!: string | null;

  @Field(() => DeploymentMode, { description: "How its releases become live." })
  @Column("text")
  deploymentMode!: DeploymentMode;

  @Field(() => Date, { description: "When it was created." })
  @Column("bigint", instant)
  createdAt!: Date;

  @Field(() => Date, { description: "When it last changed." })
  @Column("bigint", instant)
  updatedAt!: Date;

  @Field(() => Date, {
    nullable: true,
    description: "Set where the app was deleted: it is then reached through its history only.",
  })
  @Column("bigint", { ...instant, nullable: true })
  deletedAt!: Date | null;
}
