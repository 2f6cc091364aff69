import { Field, Int, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import { instant } from "../core/instant.js";

@ObjectType({ description: "A request to merge a branch, on whichever code host.", simpleResolvers: true })
export class PullRequest {
  @Field(() => Int, { description: "Its number in the repository." })
  number!: number;

  @Field(() => String, { nullable: true, description: "Its title." })
  title!: string | null;

  @Field(() => String, { description: "The branch that it would merge; builds of it are released on the review app." })
  branch!: string;

  @Field(() => String, { nullable: true, description: "Who opened it." })
  author!: string | null;

  @Field(() => String, { nullable: true, description: "Its page." })
  url!: string | null;
}

@Entity("review_apps")
@ObjectType({ description: "The disposable app of one open pull request, in the review stage.", simpleResolvers: true })
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

  @Column("text", { nullable: true })
  author!: string | null;

  @Column("text", { nullable: true })
  url!: string | null;

  @Field(() => Date, { description: "When the review app was made." })
  @Column("bigint", instant)
  createdAt!: Date;

  @Field(() => Date, { description: "When it is removed if nothing happens on the pull request until then." })
  @Column("bigint", instant)
  expiresAt!: Date;

  @Field(() => PullRequest, { description: "The pull request that it was made for." })
  get pullRequest(): PullRequest {
    return { number: this.number, title: this.title, branch: this.branch, author: this.author, url: this.url };
  }
}
