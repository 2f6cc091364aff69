import { Column, Entity, PrimaryColumn } from "typeorm";
import { instant } from "../core/instant.js";

/**
 * An automatic deploy that waits only for gates such as windows and freezes. At most one for each app: of the newest
 * build.
 */
@Entity("held_deploys")
export class HeldDeploy {
  @PrimaryColumn("text")
  appId!: string;

  @Column("text")
  buildId!: string;

  /** Whether the head of the pull request had just moved to the build's commit. */
  @Column("boolean")
  isNewHead!: boolean;

  /** When to evaluate it again; null if time alone does not open a gate. */
  @Column("bigint", { ...instant, nullable: true })
  retryAt!: Date | null;
}
