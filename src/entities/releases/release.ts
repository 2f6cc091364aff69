import { Field, Int, ObjectType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { Actor } from "../core/actor.js";
import { ReleasePhase, ReleaseTrigger, type Role, type VerificationFailure } from "../core/enums.js";
import { instant, integer } from "../core/instant.js";
import { Node } from "../core/node.js";

export type VerificationState = "VERIFYING" | "VERIFIED" | "FAILED";

/** The verification settings of a release: those of its app when the verification began. */
export interface ReleaseVerification {
  readonly checks: readonly string[];
  readonly onFailure: VerificationFailure;
  /** Milliseconds. */
  readonly within: number;
}

@Entity("releases")
@ObjectType({
  implements: Node,
  description: "One deployment of a build to an app. Versions are numbered 1, 2, 3 … per app, without gaps.",
  simpleResolvers: true,
})
export class Release extends Node {
  @Column("text")
  appId!: string;

  @Column("text")
  buildId!: string;

  @Field(() => Int, { description: "The version number, counted per app from 1." })
  @Column("integer")
  version!: number;

  /**
   * Counts up in the order in which releases are created, by every instance. Unlike ids, it does not depend on a clock.
   */
  @Column("bigint", integer)
  position!: number;

  @Field(() => ReleasePhase, { description: "The phase of the deployment." })
  @Column("text")
  phase!: ReleasePhase;

  @Field(() => String, {
    nullable: true,
    description: "Why the release failed; null if it did not fail or no reason was given.",
  })
  @Column("text", { nullable: true })
  failureReason!: string | null;

  @Field(() => ReleaseTrigger, { description: "What created the release." })
  @Column("text")
  trigger!: ReleaseTrigger;

  @Field(() => String, { description: "A short description, for example `Promotion from myapp-dev`." })
  @Column("text")
  description!: string;

  @Column("text", { nullable: true })
  promotionId!: string | null;

  @Field(() => Boolean, {
    description: "Whether `force` was used to bypass gates, by `createRelease` or by the promotion that created it.",
  })
  @Column("boolean")
  forced!: boolean;

  @Field(() => String, {
    nullable: true,
    description: "The reason given with `createRelease` or with the promotion; null if none was given.",
  })
  @Column("text", { nullable: true })
  reason!: string | null;

  @Column("text")
  createdByName!: string;

  @Column("text")
  createdByRole!: Role;

  @Column("text", { nullable: true })
  createdBySubject!: string | null;

  @Column("text", { nullable: true })
  createdByPerson!: string | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "The version of the app's config that it is deployed with; null for releases from before Railyard had config vars. A QUEUED release moves on to later versions.",
  })
  @Column("integer", { nullable: true })
  configVersion!: number | null;

  /** When a DEPLOYING release fails unless a report arrives before then; null in other phases. */
  @Column("bigint", { ...instant, nullable: true })
  deployDeadline!: Date | null;

  /** Whether it FAILED because no report arrived in time. A late report of success is then still accepted. */
  @Column("boolean")
  timedOut!: boolean;

  /** When it SUCCEEDED, by `transactionTime`; null in other phases, and for old releases. */
  @Column("bigint", { ...instant, nullable: true })
  succeededAt!: Date | null;

  /** The freeze that was in force when it was created, and did not block it; null if there was none. */
  @Column("text", { nullable: true })
  duringFreezeId!: string | null;

  @Field(() => Date, {
    nullable: true,
    description:
      "When its promotion was cancelled while it was DEPLOYING; null otherwise. Its deployer may stop and report FAILED.",
  })
  @Column("bigint", { ...instant, nullable: true })
  cancelRequestedAt!: Date | null;

  /** Its verification settings; null if its verification has not begun, or its app had none. */
  @Column("simple-json", { nullable: true })
  verification!: ReleaseVerification | null;

  /** Null before the verification begins. */
  @Column("text", { nullable: true })
  verificationState!: VerificationState | null;

  @Field(() => String, {
    nullable: true,
    description: "Why its verification failed, as a sentence; null if it did not, or if it was verified since.",
  })
  @Column("text", { nullable: true })
  verificationProblem!: string | null;

  @Field(() => Date, {
    nullable: true,
    description:
      "The deadline of its verification, which fails unless every check is SUCCESS by then; null unless it is being verified.",
  })
  @Column("bigint", { ...instant, nullable: true })
  verifyBy!: Date | null;

  @Field(() => Date, {
    nullable: true,
    description: "When it was verified; null if it was not, or a check has failed since.",
  })
  @Column("bigint", { ...instant, nullable: true })
  verifiedAt!: Date | null;

  /** When its verification last failed, by `transactionTime`; null if it never did. */
  @Column("bigint", { ...instant, nullable: true })
  verificationFailedAt!: Date | null;

  @Field(() => Date, { description: "When it was created." })
  @Column("bigint", instant)
  createdAt!: Date;

  @Field(() => Date, { description: "When its phase last changed." })
  @Column("bigint", instant)
  updatedAt!: Date;

  @Field(() => Actor, { description: "Who created it." })
  get createdBy(): Actor {
    return {
      name: this.createdByName,
      role: this.createdByRole,
      subject: this.createdBySubject,
      person: this.createdByPerson,
    };
  }
}
