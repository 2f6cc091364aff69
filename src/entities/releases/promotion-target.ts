import { Field, Int, ObjectType } from "type-graphql";
import { Column, Entity } from "typeorm";
import type { PromotionTargetPhase } from "../core/enums.js";
import { integer } from "../core/instant.js";
import { Node } from "../core/node.js";
import { CheckResult } from "./check-result.js";

@Entity("promotion_targets")
@ObjectType({
  implements: Node,
  description:
    "One target app of a promotion. Once it has started, its phase is that of the release that the promotion created on the app.",
  simpleResolvers: true,
})
export class PromotionTarget extends Node {
  @Column("text")
  promotionId!: string;

  @Column("text")
  appId!: string;

  /** The release that the promotion created; null until the target is admitted. */
  @Column("text", { nullable: true })
  releaseId!: string | null;

  /**
   * A phase that is not that of the release: WAITING, VERIFYING, or how the target ended without a successful release
   * or after a failed verification. Null if the phase of the release applies.
   */
  @Column("text", { name: "phase", nullable: true })
  ownPhase!: PromotionTargetPhase | null;

  /** The current release of the app when the target was admitted; null if there was none. */
  @Column("text", { nullable: true })
  previousReleaseId!: string | null;

  @Field(() => Int, {
    description: "The wave that it belongs to, as it was when the promotion was created. The lowest wave goes first.",
  })
  @Column("integer")
  wave!: number;

  /**
   * Targets are listed in this order. The position of the release if all targets start at once, otherwise a position
   * from when the promotion was created.
   */
  @Column("bigint", integer)
  position!: number;

  @Field(() => [CheckResult], {
    description:
      "The target's required checks and their results when the target started, as a record of why it was allowed. Before that, their results when the promotion was created.",
  })
  @Column("simple-json")
  checks!: CheckResult[];
}
