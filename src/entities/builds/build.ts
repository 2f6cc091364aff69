import { Field, Int, ObjectType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { GitObjectId, Url } from "../core/custom-scalars.js";
import { BuildPhase } from "../core/enums.js";
import { instant, integer } from "../core/instant.js";
import { Node } from "../core/node.js";

@ObjectType({ description: "The commit that a build was made from.", simpleResolvers: true })
export class Commit {
  @Field(() => String, { description: "The commit hash, in lower case." })
  sha!: string;

  @Field(() => String, { nullable: true, description: "The commit message; null if not reported." })
  message!: string | null;

  @Field(() => String, { nullable: true, description: "The author; null if not reported." })
  author!: string | null;

  @Field(() => String, { nullable: true, description: "The URL of the commit on the code host; null if not reported." })
  url!: string | null;

  @Field(() => Date, { nullable: true, description: "When it was committed; null if CI did not report it." })
  committedAt!: Date | null;

  @Field(() => [GitObjectId], { nullable: true, description: "The hashes of its parents; null if not reported." })
  parents!: readonly string[] | null;
}

@Entity("builds")
@ObjectType({
  implements: Node,
  description: "An immutable artifact made from one commit. Promotions reuse the same artifact without rebuilding it.",
  simpleResolvers: true,
})
export class Build extends Node {
  @Field(() => BuildPhase, { description: "Whether the artifact is available." })
  @Column("text")
  phase!: BuildPhase;

  @Field(() => String, { description: "The repository, as `host/owner/name` in lower case." })
  @Column("text")
  repository!: string;

  @Field(() => String, { nullable: true, description: "The branch that it was built from; null if not reported." })
  @Column("text", { nullable: true })
  branch!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The part of a monorepo that was built; null for the whole repository.",
  })
  @Column("text", { nullable: true })
  component!: string | null;

  @Field(() => Int, {
    nullable: true,
    description: "The run number of CI, which orders the builds of a repository and component; null if not reported.",
  })
  @Column("bigint", { ...integer, nullable: true })
  sequence!: number | null;

  /**
   * Counts up in the order in which builds are registered, by every instance. Unlike ids, it does not depend on a
   * clock.
   */
  @Column("bigint", integer)
  position!: number;

  /** Who registered it, by `identify`: they may not approve it. Null for builds from before it was stored. */
  @Column("text", { nullable: true })
  registeredBy!: string | null;

  @Column("bigint", { ...instant, nullable: true })
  committedAt!: Date | null;

  /** The hashes of the commit's parents; null if CI did not report them. */
  @Column("simple-json", { nullable: true })
  parents!: readonly string[] | null;

  @Column("text")
  commitSha!: string;

  @Column("text", { nullable: true })
  commitMessage!: string | null;

  @Column("text", { nullable: true })
  commitAuthor!: string | null;

  @Column("text", { nullable: true })
  commitUrl!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The location of the artifact, for example an image reference; null until the build succeeds.",
  })
  @Column("text", { nullable: true })
  artifact!: string | null;

  @Field(() => String, {
    nullable: true,
    description: "The digest of the artifact, for example `sha256:…`; null if not reported.",
  })
  @Column("text", { nullable: true })
  checksum!: string | null;

  @Field(() => [String], {
    description:
      "The keys of the config vars that the build needs. Promotions to apps that have not set them are blocked.",
  })
  @Column("simple-json")
  requiredConfig!: readonly string[];

  @Field(() => Date, { description: "When it was registered." })
  @Column("bigint", instant)
  createdAt!: Date;

  @Field(() => Date, { description: "When it was last changed." })
  @Column("bigint", instant)
  updatedAt!: Date;

  @Field(() => Url, { description: "The address of the repository's page." })
  get repositoryUrl(): string {
    return `https://${this.repository}`;
  }

  @Field(() => Commit, { description: "The commit that it was made from." })
  get commit(): Commit {
    return {
      sha: this.commitSha,
      message: this.commitMessage,
      author: this.commitAuthor,
      url: this.commitUrl,
      committedAt: this.committedAt,
      parents: this.parents,
    };
  }
}
