import { Field, ObjectType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { BuildPhase } from "../core/enums.js";
import { instant } from "../core/instant.js";
import { Node } from "../core/node.js";

@ObjectType({ description: "The commit that a build was made from.", simpleResolvers: true })
export class Commit {
  @Field(() => String, { description: "Its hash, in lower case." })
  sha!: string;

  @Field(() => String, { nullable: true, description: "Its message." })
  message!: string | null;

  @Field(() => String, { nullable: true, description: "Who wrote it." })
  author!: string | null;

  @Field(() => String, { nullable: true, description: "Its page on the code host." })
  url!: string | null;
}

@Entity("builds")
@ObjectType({
  implements: Node,
  description:
    "An immutable artifact made from one commit. It is copied bit by bit from release to release and never changes.",
  simpleResolvers: true,
})
export class Build extends Node {
  @Field(() => BuildPhase, { description: "Whether the artifact is there yet." })
  @Column("text")
  phase!: BuildPhase;

  @Field(() => String, { description: "The codebase, as `host/owner/name` in lower case." })
  @Column("text")
  repository!: string;

  @Field(() => String, { nullable: true, description: "The branch that it was built from." })
  @Column("text", { nullable: true })
  branch!: string | null;

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
    description: "Where the artifact is, for example an image reference. Null until the build has succeeded.",
  })
  @Column("text", { nullable: true })
  artifact!: string | null;

  @Field(() => String, { nullable: true, description: "Its digest, for example `sha256:…`." })
  @Column("text", { nullable: true })
  checksum!: string | null;

  @Field(() => Date, { description: "When it was registered." })
  @Column("bigint", instant)
  createdAt!: Date;

  @Field(() => Date, { description: "When it last changed." })
  @Column("bigint", instant)
  updatedAt!: Date;

  @Field(() => Commit, { description: "The commit that it was made from." })
  get commit(): Commit {
    return { sha: this.commitSha, message: this.commitMessage, author: this.commitAuthor, url: this.commitUrl };
  }
}
