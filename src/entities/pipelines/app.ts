import { Field, Int, ObjectType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { Duration } from "../core/custom-scalars.js";
import { DeploymentMode } from "../core/enums.js";
import { generatedInteger, instant, integer } from "../core/instant.js";
import { Node } from "../core/node.js";

@Entity("apps")
@ObjectType({
  implements: Node,
  description: "A deployable application: one environment of a codebase, in one region.",
  simpleResolvers: true,
})
export class App extends Node {
  @Field(() => String, { description: "The name: lower-case letters, digits and dashes, unique among apps." })
  @Column("text")
  name!: string;

  @Field(() => String, { description: "The purpose of the app; empty if not set." })
  @Column("text")
  description!: string;

  @Field(() => String, {
    nullable: true,
    description: "The region that it runs in, for example `eu-west-1`; null if not set.",
  })
  @Column("text", { nullable: true })
  region!: string | null;

  @Field(() => DeploymentMode, { description: "How its releases are deployed." })
  @Column("text")
  deploymentMode!: DeploymentMode;

  /** Milliseconds. */
  @Field(() => Duration, {
    nullable: true,
    description:
      "A deployment fails if nothing is reported for this long; null if the service's setting DEPLOY_TIMEOUT applies.",
  })
  @Column("bigint", { ...integer, nullable: true })
  deployTimeout!: number | null;

  /**
   * `Coupling.autoDeploy` as it was last set in DEVELOPMENT. Kept while the app is elsewhere, so that it applies again.
   */
  @Column("boolean")
  autoDeploy!: boolean;

  @Field(() => Int, {
    description:
      "The version of the app's config: the number of its changes. Pass it as `expectedVersion` to setConfig.",
  })
  @Column("integer")
  configVersion!: number;

  /** Counts up in the order in which apps are created, by every instance. Assigned by the database. */
  @Column("bigint", generatedInteger)
  position!: number;

  /** Counts up with every update of an app, by every instance. Assigned by the database. */
  @Column("bigint", generatedInteger)
  updatedPosition!: number;

  @Field(() => Date, { description: "When it was created." })
  @Column("bigint", instant)
  createdAt!: Date;

  @Field(() => Date, { description: "When it was last changed." })
  @Column("bigint", instant)
  updatedAt!: Date;

  @Field(() => Date, {
    nullable: true,
    description: "When it was deleted; null if not deleted. A deleted app is reachable only through its history.",
  })
  @Column("bigint", { ...instant, nullable: true })
  deletedAt!: Date | null;
}
