import { Column, Entity, PrimaryColumn } from "typeorm";
import type { StatusState } from "../core/enums.js";
import { instant } from "../core/instant.js";

/**
 * The last status that a code host reported for a commit, per context and source. It is stored apart from builds, so
 * that a build registered later picks up the statuses reported before it.
 */
@Entity("commit_statuses")
export class CommitStatus {
  @PrimaryColumn("text")
  repository!: string;

  /** The full hash, in lower case. */
  @PrimaryColumn("text")
  commitSha!: string;

  @PrimaryColumn("text")
  context!: string;

  /** Distinguishes reporters that use the same context, for example two workflows with the same job name. */
  @PrimaryColumn("text")
  source!: string;

  /** The check run that reported it; null if the source has no runs. */
  @Column("text", { nullable: true })
  run!: string | null;

  @Column("text")
  state!: StatusState;

  @Column("text", { nullable: true })
  name!: string | null;

  @Column("text", { nullable: true })
  description!: string | null;

  @Column("text", { nullable: true })
  targetUrl!: string | null;

  @Column("text", { nullable: true })
  imageUrl!: string | null;

  /**
   * The time of the report by the code host's clock; for a check run, when the run started. Orders the reports of a
   * source.
   */
  @Column("bigint", instant)
  saidAt!: Date;

  @Column("bigint", instant)
  receivedAt!: Date;
}
