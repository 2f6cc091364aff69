import { Field, Int, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import { GithubDeploymentState, GithubReportPhase } from "../core/enums.js";
import { instant, integer } from "../core/instant.js";

@Entity("github_reports")
@ObjectType({
  description: "The state of reporting a release to GitHub, which shows it on pull requests as a deployment.",
  simpleResolvers: true,
})
export class GithubReport {
  @PrimaryColumn("text")
  releaseId!: string;

  @Column("text")
  appId!: string;

  /** The position of the release. Of the reports that are due at the same time, the earlier release's comes first. */
  @Column("bigint", integer)
  position!: number;

  @Field(() => GithubReportPhase, {
    description: "Whether the current state of the release has been reported to GitHub.",
  })
  @Column("text", { name: "state" })
  phase!: GithubReportPhase;

  /** GitHub's id of the deployment; null until it is created. */
  @Column("text", { nullable: true })
  deploymentId!: string | null;

  /** Stored in lower case, as GitHub writes it. */
  @Field(() => GithubDeploymentState, {
    nullable: true,
    description: "The deployment state last reported to GitHub; null before the first report.",
  })
  @Column("text", {
    name: "told",
    nullable: true,
    transformer: {
      from: (value: string | null) => value?.toUpperCase() ?? null,
      to: (value: string | null) => value?.toLowerCase() ?? null,
    },
  })
  lastReportedState!: GithubDeploymentState | null;

  /** Whether a request to create the deployment got no response. GitHub may then have one whose id is unknown here. */
  @Column("boolean")
  uncertain!: boolean;

  @Field(() => Int, { description: "The number of attempts since the release last changed." })
  @Column("integer")
  attempts!: number;

  @Field(() => String, { nullable: true, description: "Why the last attempt failed; null if it did not." })
  @Column("text", { name: "problem", nullable: true })
  failureReason!: string | null;

  @Column("bigint", instant)
  nextAttemptAt!: Date;

  @Field(() => Date, { description: "When the report was last changed." })
  @Column("bigint", instant)
  updatedAt!: Date;

  @Field(() => Date, { nullable: true, description: "When the next attempt is due; null if none is planned." })
  get retriesAt(): Date | null {
    return this.phase === "PENDING" ? this.nextAttemptAt : null;
  }
}

/** A single row: the log position up to which releases have been queued for GitHub. */
@Entity("github_position")
export class GithubPosition {
  @PrimaryColumn("integer")
  id!: number;

  @Column("bigint", { transformer: { from: Number, to: (value: number) => value } })
  position!: number;
}
