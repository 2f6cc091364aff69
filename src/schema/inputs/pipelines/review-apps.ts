import { Field, ID, InputType, Int } from "type-graphql";
import type * as domain from "../../../domain/pipelines/review-apps.js";
import { GitObjectId } from "../../../entities/core/custom-scalars.js";

@InputType({ description: "A pull request of a code host." })
export class PullRequestInput implements domain.PullRequestInput {
  @Field(() => Int, { description: "The number, 1 or greater." })
  number!: number;

  @Field(() => String, { description: "The source branch." })
  branch!: string;

  @Field(() => String, { nullable: true, description: "The title." })
  title?: string | null;

  @Field(() => String, { nullable: true, description: "The author." })
  author?: string | null;

  @Field(() => String, { nullable: true, description: "The page's URL, http or https." })
  url?: string | null;

  @Field(() => GitObjectId, {
    nullable: true,
    description:
      "The hash of the commit that it points to: only builds of this commit are deployed to its review app. Without it, builds of the branch are.",
  })
  headSha?: string | null;
}

@InputType({ description: "Input for openReviewApp." })
export class OpenReviewAppInput implements domain.OpenReviewAppInput {
  @Field(() => ID, { description: "The pipeline, by id or name. It must have review apps enabled." })
  pipeline!: string;

  @Field(() => PullRequestInput, { description: "The pull request." })
  pullRequest!: PullRequestInput;
}

@InputType({ description: "Input for closeReviewApp." })
export class CloseReviewAppInput implements domain.CloseReviewAppInput {
  @Field(() => ID, { description: "The pipeline, by id or name." })
  pipeline!: string;

  @Field(() => Int, { description: "The number of the pull request." })
  pullRequestNumber!: number;
}
