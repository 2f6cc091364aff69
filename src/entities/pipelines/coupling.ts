import { Field, Int, ObjectType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { Stage } from "../core/enums.js";
import { instant, integer } from "../core/instant.js";
import { Node } from "../core/node.js";
import type { StoredHold } from "./automation-hold.js";
import { Verification } from "./verification.js";

@Entity("couplings")
@ObjectType({
  implements: Node,
  description: "An app placed in one stage of one pipeline. An app is in at most one pipeline.",
  simpleResolvers: true,
})
export class Coupling extends Node {
  @Column("text")
  pipelineId!: string;

  @Column("text")
  appId!: string;

  @Field(() => Stage, { description: "The stage that the app is in." })
  @Column("text")
  stage!: Stage;

  @Field(() => [String], {
    description:
      "Contexts that must be SUCCESS on a release before it can be promoted to this app. Sorted, without duplicates.",
  })
  @Column("simple-json")
  requiredChecks!: string[];

  @Field(() => Boolean, {
    description:
      "Whether builds of the pipeline's central branch are deployed to this app automatically. Available in the DEVELOPMENT stage only, where it is on by default. An app that returns to DEVELOPMENT, in any pipeline, keeps the setting that it had there.",
  })
  @Column("boolean")
  autoDeploy!: boolean;

  @Field(() => Int, {
    description:
      "The wave of promotions that the app belongs to, 1 to 20; 1 unless it was set. The lowest wave goes first. A promotion keeps the waves that its targets had when it was created.",
  })
  @Column("integer")
  wave!: number;

  @Field(() => Verification, {
    nullable: true,
    description: "How releases of the app are verified; null if they are not.",
  })
  @Column("simple-json", { nullable: true })
  verification!: Verification | null;

  /** The hold on automatic promotions to the app; null if there is none. */
  @Column("simple-json", { nullable: true })
  automationHold!: StoredHold | null;

  /**
   * How many changes since the last decision may have made an automatic promotion from the app ready; null if none. A
   * decision clears it only if it has not changed meanwhile.
   */
  @Column("bigint", { ...integer, nullable: true })
  promoteDue!: number | null;

  /** Counts up in the order in which apps are added, by every instance. Unlike ids, it does not depend on a clock. */
  @Column("bigint", integer)
  position!: number;

  @Field(() => Date, { description: "When the app was added to the pipeline." })
  @Column("bigint", instant)
  createdAt!: Date;

  @Field(() => Date, { description: "When the coupling was last changed." })
  @Column("bigint", instant)
  updatedAt!: Date;
}
