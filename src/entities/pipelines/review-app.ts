import { Field, Int, ObjectType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { GitObjectId } from "../core/custom-scalars.js";
import { instant } from "../core/instant.js";
import { Node } from "../core/node.js";

@ObjectType({
  description: "A pull request, or the equivalent on another code host, such as a merge request.",
  simpleResolvers: true,
})
export class PullRequest {
  @Field(() => Int, { description: "The number, unique in the repository." })
  number!: number;

  @Field(() => String, { nullable: true, description: "The title; null if not reported." })
  title!: string | null;

  @Field(() => String, {
    description: "The source branch. Its builds are deployed to the review app if the head commit is not known.",
  })
  branch!: string;

  @Field(() => String, { nullable: true, description: "The author; null if not reported." })
  author!: string | null;

  @Field(() => String, { nullable: true, description: "The URL of the pull request; null if not reported." })
  url!: string | null;

  @Field(() => GitObjectId, {
    nullable: true,
    description: "The hash of the commit that the pull request points to; null if not reported.",
  })
  headSha!: string | null;
}

@Entity("review_apps")
@ObjectType({
  implements: Node,
  description: "The temporary app of an open pull request, in the REVIEW stage.",
  simpleResolvers: true,
})
export class ReviewApp extends Node {
  @Column("text")
  appId!: string;

  @Column("text")
  pipelineId!: string;

  @Column("integer")
  number!: number;

  @Column("text", { nullable: true })
  title!: string | null;

  @Column("text")
  branch!: string;

  /** The commit that the pull request points to; null if the code host did not report it. */
  @Column("text", { nullable: true })
  headSha!: string | null;

  @Column("text", { nullable: true })
  author!: string | null;

  @Column("text", { nullable: true })
  url!: string | null;

  @Field(() => Date, { description: "When the review app was created." })
  @Column("bigint", instant)
  createdAt!: Date;

  @Field(() => Date, { description: "When it is deleted unless there is activity on the pull request before then." })
  @Column("bigint", instant)
  expiresAt!: Date;

  @Field(() => PullRequest, { description: "The pull request that it was created for." })
  get pullRequest(): PullRequest {
    const { number, title, branch, author, url, headSha } = this;
    return { number, title, branch, author, url, headSha };
  }
}
