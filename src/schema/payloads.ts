import { Field, ID, ObjectType } from "type-graphql";
import { Token } from "../entities/access/token.js";
import { Build } from "../entities/builds/build.js";
import { App } from "../entities/pipelines/app.js";
import { Coupling } from "../entities/pipelines/coupling.js";
import { Pipeline } from "../entities/pipelines/pipeline.js";
import { ReviewApp } from "../entities/pipelines/review-app.js";
import { Promotion } from "../entities/releases/promotion.js";
import { Release } from "../entities/releases/release.js";
import { ReleaseStatus } from "../entities/releases/release-status.js";

/* The payload types of the mutations. */

@ObjectType({ description: "The pipeline that was created or updated.", simpleResolvers: true })
export class PipelinePayload {
  @Field(() => Pipeline, { description: "The pipeline after the mutation." })
  pipeline!: Pipeline;
}

@ObjectType({ description: "Identifies the pipeline that was deleted.", simpleResolvers: true })
export class DeletePipelinePayload {
  @Field(() => ID, { description: "The id of the deleted pipeline." })
  deletedPipelineId!: string;
}

@ObjectType({ description: "The app that was created or updated.", simpleResolvers: true })
export class AppPayload {
  @Field(() => App, { description: "The app after the mutation." })
  app!: App;
}

@ObjectType({ description: "Identifies the app that was deleted.", simpleResolvers: true })
export class DeleteAppPayload {
  @Field(() => ID, { description: "The id of the deleted app." })
  deletedAppId!: string;
}

@ObjectType({ description: "The coupling that was added or updated.", simpleResolvers: true })
export class CouplingPayload {
  @Field(() => Coupling, { description: "The coupling after the mutation." })
  coupling!: Coupling;
}

@ObjectType({ description: "Identifies the coupling that was removed.", simpleResolvers: true })
export class RemoveCouplingPayload {
  @Field(() => ID, { description: "The id of the removed coupling." })
  removedCouplingId!: string;

  @Field(() => Pipeline, { description: "The pipeline that the app was in." })
  pipeline!: Pipeline;
}

@ObjectType({ description: "The build that was registered or updated.", simpleResolvers: true })
export class BuildPayload {
  @Field(() => Build, { description: "The build after the mutation." })
  build!: Build;
}

@ObjectType({ description: "The release that was created or updated.", simpleResolvers: true })
export class ReleasePayload {
  @Field(() => Release, { description: "The release after the mutation." })
  release!: Release;
}

@ObjectType({ description: "The status that was reported.", simpleResolvers: true })
export class ReleaseStatusPayload {
  @Field(() => ReleaseStatus, { description: "The status after the mutation." })
  status!: ReleaseStatus;
}

@ObjectType({ description: "The promotion that was created.", simpleResolvers: true })
export class PromotePayload {
  @Field(() => Promotion, { description: "The promotion that was created." })
  promotion!: Promotion;
}

@ObjectType({ description: "The review app that was created or updated.", simpleResolvers: true })
export class ReviewAppPayload {
  @Field(() => ReviewApp, { description: "The review app after the mutation." })
  reviewApp!: ReviewApp;
}

@ObjectType({ description: "Identifies the review app that was closed.", simpleResolvers: true })
export class CloseReviewAppPayload {
  @Field(() => ID, { description: "The id of the deleted review app." })
  closedAppId!: string;

  @Field(() => Pipeline, { description: "The pipeline that the review app was in." })
  pipeline!: Pipeline;
}

@ObjectType({ description: "The token that was created, and its secret.", simpleResolvers: true })
export class CreateTokenPayload {
  @Field(() => Token, { description: "The token." })
  token!: Token;

  @Field(() => String, { description: "The secret. It is shown only once, because only its hash is stored." })
  secret!: string;
}

@ObjectType({ description: "The token that was updated.", simpleResolvers: true })
export class TokenPayload {
  @Field(() => Token, { description: "The token after the mutation." })
  token!: Token;
}
