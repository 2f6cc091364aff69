import { Field, Int, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import { instant } from "../core/instant.js";

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
}

@Entity("review_apps")
@ObjectType({ description: "The temporary app of an open pull request, in the REVIEW stage.", simpleResolvers: true })
export class ReviewApp {
  @PrimaryColumn("text")
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
    return { number: this.number, title: this.title, branch: this.branch, author: this.author, url: this.url };
  }
}
