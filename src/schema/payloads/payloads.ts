import { Field, ID, Int, ObjectType } from "type-graphql";
import { Token } from "../../entities/access/token.js";
import { Build } from "../../entities/builds/build.js";
import { StagePolicy } from "../../entities/gates/stage-policy.js";
import { App } from "../../entities/pipelines/app.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { ReviewApp } from "../../entities/pipelines/review-app.js";
import { Promotion } from "../../entities/releases/promotion.js";
import { Release } from "../../entities/releases/release.js";
import { ReleaseStatus } from "../../entities/releases/release-status.js";

/*
 * The payload types of the mutations. Each mutation has a separate payload type, so that fields can be added to it
 * alone. Those that return the same object extend one class, which is not in the schema itself.
 */

@ObjectType({ simpleResolvers: true })
class PipelinePayload {
  @Field(() => Pipeline, { description: "The pipeline after the mutation." })
  pipeline!: Pipeline;
}

@ObjectType({ description: "The pipeline that was created.", simpleResolvers: true })
export class CreatePipelinePayload extends PipelinePayload {}

@ObjectType({ description: "The pipeline that was updated.", simpleResolvers: true })
export class UpdatePipelinePayload extends PipelinePayload {}

@ObjectType({ simpleResolvers: true })
class AppPayload {
  @Field(() => App, { description: "The app after the mutation." })
  app!: App;
}

@ObjectType({ description: "The app that was created.", simpleResolvers: true })
export class CreateAppPayload extends AppPayload {}

@ObjectType({ description: "The app that was updated.", simpleResolvers: true })
export class UpdateAppPayload extends AppPayload {}

@ObjectType({ simpleResolvers: true })
class CouplingPayload {
  @Field(() => Coupling, { description: "The coupling after the mutation." })
  coupling!: Coupling;
}

@ObjectType({ description: "The coupling that was added.", simpleResolvers: true })
export class AddCouplingPayload extends CouplingPayload {}

@ObjectType({ description: "The coupling whose required checks were replaced.", simpleResolvers: true })
export class UpdateChecksPayload extends CouplingPayload {}

@ObjectType({ description: "The coupling that was moved.", simpleResolvers: true })
export class MoveCouplingPayload extends CouplingPayload {}

@ObjectType({ description: "The coupling whose automatic deploys were turned on or off.", simpleResolvers: true })
export class SetAutoDeployPayload extends CouplingPayload {}

@ObjectType({ simpleResolvers: true })
class BuildPayload {
  @Field(() => Build, { description: "The build after the mutation." })
  build!: Build;
}

@ObjectType({ description: "The build that was registered.", simpleResolvers: true })
export class CreateBuildPayload extends BuildPayload {}

@ObjectType({ description: "The build that was updated.", simpleResolvers: true })
export class UpdateBuildPayload extends BuildPayload {}

@ObjectType({ simpleResolvers: true })
class ReleasePayload {
  @Field(() => Release, { description: "The release after the mutation." })
  release!: Release;
}

@ObjectType({ description: "The release that was created.", simpleResolvers: true })
export class CreateReleasePayload extends ReleasePayload {}

@ObjectType({ description: "The release that the rollback created.", simpleResolvers: true })
export class RollbackPayload extends ReleasePayload {}

@ObjectType({ description: "The release whose deployment was reported.", simpleResolvers: true })
export class ReportDeploymentPayload extends ReleasePayload {}

@ObjectType({ description: "Identifies the pipeline that was deleted.", simpleResolvers: true })
export class DeletePipelinePayload {
  @Field(() => ID, { description: "The id of the deleted pipeline." })
  deletedPipelineId!: string;
}

@ObjectType({ description: "Identifies the app that was deleted.", simpleResolvers: true })
export class DeleteAppPayload {
  @Field(() => ID, { description: "The id of the deleted app." })
  deletedAppId!: string;
}

@ObjectType({ description: "Identifies the coupling that was removed.", simpleResolvers: true })
export class RemoveCouplingPayload {
  @Field(() => ID, { description: "The id of the removed coupling." })
  removedCouplingId!: string;

  @Field(() => Pipeline, { description: "The pipeline that the app was in." })
  pipeline!: Pipeline;
}

@ObjectType({ description: "The status that was reported.", simpleResolvers: true })
export class ReportStatusPayload {
  @Field(() => ReleaseStatus, { description: "The status after the mutation." })
  status!: ReleaseStatus;
}

@ObjectType({ description: "The promotion that was created.", simpleResolvers: true })
export class PromotePayload {
  @Field(() => Promotion, { description: "The promotion that was created. With `whenReady` it may be WAITING." })
  promotion!: Promotion;
}

@ObjectType({ description: "The promotion that tries targets of an earlier one again.", simpleResolvers: true })
export class RetryPromotionPayload {
  @Field(() => Promotion, { description: "The new promotion. With `whenReady` it may be WAITING." })
  promotion!: Promotion;
}

@ObjectType({ description: "The promotion that undoes an earlier one.", simpleResolvers: true })
export class UndoPromotionPayload {
  @Field(() => Promotion, { description: "The new promotion. Its releases are rollbacks." })
  promotion!: Promotion;
}

@ObjectType({ description: "The promotion that was reviewed.", simpleResolvers: true })
export class ReviewForcedPromotionPayload {
  @Field(() => Promotion, { description: "The promotion after the mutation." })
  promotion!: Promotion;
}

@ObjectType({ description: "The promotion that was cancelled.", simpleResolvers: true })
export class CancelPromotionPayload {
  @Field(() => Promotion, {
    description: "The promotion after the mutation. It stays IN_PROGRESS while one of its releases is DEPLOYING.",
  })
  promotion!: Promotion;
}

@ObjectType({ description: "The review app that was created or updated.", simpleResolvers: true })
export class OpenReviewAppPayload {
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

@ObjectType({ description: "The token that was revoked.", simpleResolvers: true })
export class RevokeTokenPayload {
  @Field(() => Token, { description: "The token after the mutation." })
  token!: Token;
}

@ObjectType({ description: "The policy that was changed.", simpleResolvers: true })
export class UpdateStagePolicyPayload {
  @Field(() => StagePolicy, { description: "The policy after the mutation." })
  policy!: StagePolicy;
}

@ObjectType({ description: "The app whose config vars were changed.", simpleResolvers: true })
export class SetConfigPayload {
  @Field(() => App, { description: "The app after the mutation." })
  app!: App;

  @Field(() => Release, {
    nullable: true,
    description:
      "The release with which the deployer applies the change: a new one, or the one that is QUEUED. Null if nothing changed, the app's mode is IMMEDIATE, or it runs nothing.",
  })
  release!: Release | null;
}

@ObjectType({ description: "The result of the rotation of the keys.", simpleResolvers: true })
export class RotateConfigKeysPayload {
  @Field(() => String, { description: "The name of the current encryption key, which is the first of CONFIG_KEYS." })
  key!: string;

  @Field(() => Int, { description: "How many keys of apps and pipelines were re-encrypted with it." })
  rotated!: number;

  @Field(() => [String], { description: "The names of keys that are still needed but missing from CONFIG_KEYS." })
  missing!: string[];
}
