import { Column, Entity, PrimaryColumn } from "typeorm";
import type { StatusState } from "../core/enums.js";
import { instant } from "../core/instant.js";

/**
 * What a code host last said of a commit in one context, from one of its sources. It is kept apart from builds, so that a
 * build that is registered later finds what was said before it came.
 */
@Entity("commit_statuses")
export class CommitStatus {
  @PrimaryColumn("text")
  repository!: string;

  /** The whole hash, in lower case. */
  @PrimaryColumn("text")
  commitSha!: string;

  @PrimaryColumn("text")
  context!: string;

  /** Tells apart what is reported under one context by several, for example the runs of two workflows with one job name. */
  @PrimaryColumn("text")
  source!: string;

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

  /** When the code host says that it was so: what comes late does not undo what came after it. */
  @Column("bigint", instant)
  saidAt!: Date;

  @Column("bigint", instant)
  receivedAt!: Date;
}
