import { Field, Int, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import { ReportState } from "../core/enums.js";
import { instant } from "../core/instant.js";

@Entity("github_reports")
@ObjectType({
  description: "Whether GitHub knows of a release: the deployment that pull requests show is made from it.",
  simpleResolvers: true,
})
export class GithubReport {
  @PrimaryColumn("text")
  releaseId!: string;

  @Column("text")
  appId!: string;

  @Field(() => ReportState, { description: "Whether GitHub has been told how the release stands." })
  @Column("text")
  state!: ReportState;

  /** GitHub's id of the deployment; null until it was made. */
  @Column("text", { nullable: true })
  deploymentId!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The deployment's state that GitHub was last told, for example `success`; null before the first.",
  })
  @Column("text", { nullable: true })
  told!: string | null;

  /** Whether a deployment was asked for and the answer never came: there may be one whose id is not known here. */
  @Column("boolean")
  uncertain!: boolean;

  @Field(() => Int, { description: "How often it was tried since the release last changed." })
  @Column("integer")
  attempts!: number;

  @Field(() => String, { nullable: true, description: "Why the last attempt failed, where it did." })
  @Column("text", { nullable: true })
  problem!: string | null;

  @Column("bigint", instant)
  nextAttemptAt!: Date;

  @Field(() => Date, { description: "When this last changed." })
  @Column("bigint", instant)
  updatedAt!: Date;

  @Field(() => Date, { nullable: true, description: "When it is tried next; null where it need not be." })
  get retriesAt(): Date | null {
    return this.state === "PENDING" ? this.nextAttemptAt : null;
  }
}

/** One row: up to which event releases have been queued for GitHub. */
@Entity("github_position")
export class GithubPosition {
  @PrimaryColumn("integer")
  id!: number;

  @Column("bigint", { transformer: { from: Number, to: (value: number) => value } })
  position!: number;
}
