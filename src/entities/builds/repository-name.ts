import { Column, Entity, PrimaryColumn } from "typeorm";
import { instant } from "../core/instant.js";

/**
 * A name under which a code host has reported a repository. A renamed or transferred repository keeps its id, and its
 * former names refer to its current one.
 */
@Entity("repository_names")
export class RepositoryName {
  /** `host/owner/name` in lower case. */
  @PrimaryColumn("text")
  name!: string;

  /** `host:id`, where the id is the code host's. */
  @Column("text")
  repositoryId!: string;

  /** The repository's name now; the same as `name` unless it was renamed. */
  @Column("text")
  currentName!: string;

  /** The code host's time of the latest report that decided on the current name; null if not reported. */
  @Column("bigint", { ...instant, nullable: true })
  seenAt!: Date | null;

  /**
   * The id of another repository that was reported under this name later; null if there is none. Its deliveries are not
   * applied.
   */
  @Column("text", { nullable: true })
  claimedBy!: string | null;

  /** The id of the repository that had this name before; null if there was none. */
  @Column("text", { nullable: true })
  formerlyOf!: string | null;
}
