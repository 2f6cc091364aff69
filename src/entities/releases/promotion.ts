import { Field, ObjectType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { Actor } from "../core/actor.js";
import { fromActorColumns } from "../core/actor-columns.js";
import { type BlockerCode, type ConfigParity, PromotionPhase, type Remedy, type Role, Stage } from "../core/enums.js";
import { generatedInteger, instant, integer } from "../core/instant.js";
import { Node } from "../core/node.js";

/** A blocker that `force` bypassed, as it is stored. */
export interface ForcedBlocker {
  readonly code: BlockerCode;
  readonly message: string;
  readonly appId: string | null;
  readonly context: string | null;
  readonly remedies: readonly Remedy[];
  readonly clearsAt: string | null;
  readonly causeId: string | null;
}

const OPTIONAL_INSTANT = { ...instant, nullable: true } as const;

@Entity("promotions")
@ObjectType({
  implements: Node,
  description: "Copies the build of one app's release to apps in the next stage, as new releases.",
  simpleResolvers: true,
})
export class Promotion extends Node {
  @Column("text")
  pipelineId!: string;

  @Column("text")
  sourceAppId!: string;

  @Column("text")
  releaseId!: string;

  @Column("text")
  buildId!: string;

  @Field(() => Stage, { description: "The source stage." })
  @Column("text", { name: "from_stage" })
  from!: Stage;

  @Field(() => Stage, { description: "The target stage." })
  @Column("text", { name: "to_stage" })
  to!: Stage;

  @Field(() => PromotionPhase, {
    description:
      "WAITING while gates block a promotion with `whenReady`. IN_PROGRESS until every target has reached a final phase, also while targets of later waves wait. Then the overall result.",
  })
  @Column("text")
  phase!: PromotionPhase;

  @Field(() => Boolean, { description: "Whether `force` was used to bypass gates." })
  @Column("boolean")
  forced!: boolean;

  @Field(() => String, { nullable: true, description: "The reason given for the promotion; null if none was given." })
  @Column("text", { nullable: true })
  reason!: string | null;

  /** How config vars are compared: at least by this rule, or not at all if OFF; by the rule of the stage if null. */
  @Column("text", { nullable: true })
  configParity!: ConfigParity | null;

  /** The blockers that `force` bypassed. */
  @Column("simple-json")
  forcedPast!: readonly ForcedBlocker[];

  @Field(() => Date, {
    nullable: true,
    description: "The earliest time at which it may start; null if not requested.",
  })
  @Column("bigint", OPTIONAL_INSTANT)
  notBefore!: Date | null;

  @Field(() => Date, {
    nullable: true,
    description: "When it expires if it is still waiting then; null if it never waited.",
  })
  @Column("bigint", OPTIONAL_INSTANT)
  expiresAt!: Date | null;

  /**
   * When the periodic job evaluates it again; null unless targets of it wait. It may be too early, but not too late.
   */
  @Column("bigint", OPTIONAL_INSTANT)
  wakeAt!: Date | null;

  @Field(() => Boolean, {
    description: "Whether it bypassed gates with `force`, and no other person has called `reviewForcedPromotion` yet.",
  })
  @Column("boolean")
  needsReview!: boolean;

  @Field(() => Date, {
    nullable: true,
    description: "When another person reviewed the use of `force`; null before that.",
  })
  @Column("bigint", OPTIONAL_INSTANT)
  reviewedAt!: Date | null;

  @Column("text", { nullable: true })
  reviewedByName!: string | null;

  @Column("text", { nullable: true })
  reviewedByRole!: Role | null;

  @Column("text", { nullable: true })
  reviewedBySubject!: string | null;

  @Column("text", { nullable: true })
  reviewedByPerson!: string | null;

  @Field(() => String, { nullable: true, description: "The comment of the reviewer; null before that." })
  @Column("text", { nullable: true })
  reviewComment!: string | null;

  @Field(() => Boolean, {
    description:
      "Whether it is paused: no further target starts until `resumePromotion`. Targets that have started continue.",
  })
  @Column("boolean")
  paused!: boolean;

  /** Whether the service created it, because the policy of the stage has `autoPromote`. */
  @Column("boolean")
  automatic!: boolean;

  /** When its first targets were admitted, by `transactionTime`; null before that, and for old promotions. */
  @Column("bigint", OPTIONAL_INSTANT)
  startedAt!: Date | null;

  /** The highest wave that was advanced with `advancePromotion`; 0 if none. */
  @Column("integer")
  advancedWave!: number;

  /**
   * When the last admitted target became final, by `transactionTime`, if other targets wait for their wave; null
   * otherwise.
   */
  @Column("bigint", OPTIONAL_INSTANT)
  waveEndedAt!: Date | null;

  /** The `tokenId` of the viewer who requested it; null for automation and old promotions. */
  @Column("text", { nullable: true })
  askedBy!: string | null;

  /** When the login that requested it expires; null if it was requested with a token. */
  @Column("bigint", OPTIONAL_INSTANT)
  loginExpiresAt!: Date | null;

  /** The id of the promotion that it retries; null if none. */
  @Column("text", { nullable: true })
  retryOf!: string | null;

  /** The id of the promotion that it undoes; null if none. */
  @Column("text", { nullable: true })
  undoes!: string | null;

  /** The id of the newer promotion that replaced it while it waited; null if none. */
  @Column("text", { nullable: true })
  supersededBy!: string | null;

  @Column("text", { nullable: true })
  endedByName!: string | null;

  @Column("text", { nullable: true })
  endedByRole!: Role | null;

  @Column("text", { nullable: true })
  endedBySubject!: string | null;

  @Column("text", { nullable: true })
  endedByPerson!: string | null;

  @Field(() => String, { nullable: true, description: "Why it was cancelled or rejected; null otherwise." })
  @Column("text", { nullable: true })
  endReason!: string | null;

  @Column("text")
  createdByName!: string;

  @Column("text")
  createdByRole!: Role;

  @Column("text", { nullable: true })
  createdBySubject!: string | null;

  @Column("text", { nullable: true })
  createdByPerson!: string | null;

  /**
   * Counts up in the order in which promotions are created, by every instance. Unlike ids, it does not depend on a
   * clock.
   */
  @Column("bigint", integer)
  position!: number;

  /** Counts up with every update of a promotion, by every instance. Assigned by the database. */
  @Column("bigint", generatedInteger)
  updatedPosition!: number;

  @Field(() => Date, { description: "When the promotion was created." })
  @Column("bigint", instant)
  createdAt!: Date;

  @Field(() => Date, { description: "When its phase last changed." })
  @Column("bigint", instant)
  updatedAt!: Date;

  @Field(() => Actor, { description: "Who created the promotion." })
  get createdBy(): Actor {
    return {
      name: this.createdByName,
      role: this.createdByRole,
      subject: this.createdBySubject,
      person: this.createdByPerson,
    };
  }

  @Field(() => Actor, { nullable: true, description: "Who reviewed the use of `force`; null before that." })
  get reviewedBy(): Actor | null {
    return fromActorColumns("reviewedBy", this);
  }

  @Field(() => Actor, { nullable: true, description: "Who cancelled or rejected it; null otherwise." })
  get endedBy(): Actor | null {
    return fromActorColumns("endedBy", this);
  }
}
