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

/** What the mutations answer, one for each kind of answer. */

@ObjectType({ description: "The pipeline that was made or changed.", simpleResolvers: true })
export class PipelinePayload {
  @Field(() => Pipeline, { description: "The pipeline, as it now is." })
  pipeline!: Pipeline;
}

@ObjectType({ description: "Which pipeline was deleted.", simpleResolvers: true })
export class DeletePipelinePayload {
  @Field(() => ID, { description: "The id of the pipeline that is gone." })
  deletedPipelineId!: string;
}

@ObjectType({ description: "The app that was made or changed.", simpleResolvers: true })
export class AppPayload {
  @Field(() => App, { description: "The app, as it now is." })
  app!: App;
}

@ObjectType({ description: "Which app was deleted.", simpleResolvers: true })
export class DeleteAppPayload {
  @Field(() => ID, { description: "The id of the app that is gone." })
  deletedAppId!: string;
}

@ObjectType({ description: "The coupling that was made or changed.", simpleResolvers: true })
export class CouplingPayload {
  @Field(() => Coupling, { description: "The coupling, as it now is." })
  coupling!: Coupling;
}

@ObjectType({ description: "Which coupling was removed.", simpleResolvers: true })
export class RemoveCouplingPayload {
  @Field(() => ID, { description: "The id of the coupling that is gone." })
  removedCouplingId!: string;

  @Field(() => Pipeline, { description: "The pipeline that the app was in." })
  pipeline!: Pipeline;
}

@ObjectType({ description: "The build that was registered or changed.", simpleResolvers: true })
export class BuildPayload {
  @Field(() => Build, { description: "The build, as it now is." })
  build!: Build;
}

@ObjectType({ description: "The release that was made or moved.", simpleResolvers: true })
export class ReleasePayload {
  @Field(() => Release, { description: "The release, as it now is." })
  release!: Release;
}

@ObjectType({ description: "The status that was reported.", simpleResolvers: true })
export class ReleaseStatusPayload {
  @Field(() => ReleaseStatus, { description: "The status, as it now is." })
  status!: ReleaseStatus;
}

@ObjectType({ description: "The promotion that was admitted.", simpleResolvers: true })
export class PromotePayload {
  @Field(() => Promotion, { description: "The promotion that was admitted." })
  promotion!: Promotion;
}

@ObjectType({ description: "The review app that was made or brought up to date.", simpleResolvers: true })
export class ReviewAppPayload {
  @Field(() => ReviewApp, { description: "The review app, as it now is." })
  reviewApp!: ReviewApp;
}

@ObjectType({ description: "Which review app was closed.", simpleResolvers: true })
export class CloseReviewAppPayload {
  @Field(() => ID, { description: "The id of the app that is gone." })
  closedAppId!: string;

  @Field(() => Pipeline, { description: "The pipeline that it was in." })
  pipeline!: Pipeline;
}

@ObjectType({ description: "The token that was made.", simpleResolvers: true })
export class CreateTokenPayload {
  @Field(() => Token, { description: "The token." })
  token!: Token;

  @Field(() => String, { description: "Shown this once; only its hash is kept." })
  secret!: string;
}

@ObjectType({ description: "The token that was changed.", simpleResolvers: true })
export class TokenPayload {
  @Field(() => Token, { description: "The token, as it now is." })
  token!: Token;
}
