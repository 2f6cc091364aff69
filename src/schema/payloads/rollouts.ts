import { Field, ObjectType } from "type-graphql";
import { Build } from "../../entities/builds/build.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import { Promotion } from "../../entities/releases/promotion.js";

@ObjectType({ description: "The coupling whose wave was set.", simpleResolvers: true })
export class SetWavePayload {
  @Field(() => Coupling, { description: "The coupling after the mutation." })
  coupling!: Coupling;
}

@ObjectType({ description: "The coupling whose verification was set.", simpleResolvers: true })
export class SetVerificationPayload {
  @Field(() => Coupling, { description: "The coupling after the mutation." })
  coupling!: Coupling;
}

@ObjectType({ description: "The coupling whose automation was resumed.", simpleResolvers: true })
export class ReleaseAutomationHoldPayload {
  @Field(() => Coupling, { description: "The coupling after the mutation." })
  coupling!: Coupling;
}

@ObjectType({ description: "The promotion whose wave may start.", simpleResolvers: true })
export class AdvancePromotionPayload {
  @Field(() => Promotion, { description: "The promotion after the mutation." })
  promotion!: Promotion;
}

@ObjectType({ description: "The promotion that was paused.", simpleResolvers: true })
export class PausePromotionPayload {
  @Field(() => Promotion, { description: "The promotion after the mutation." })
  promotion!: Promotion;
}

@ObjectType({ description: "The promotion that was resumed.", simpleResolvers: true })
export class ResumePromotionPayload {
  @Field(() => Promotion, { description: "The promotion after the mutation." })
  promotion!: Promotion;
}

@ObjectType({ description: "The build that was quarantined.", simpleResolvers: true })
export class QuarantineBuildPayload {
  @Field(() => Build, { description: "The build after the mutation." })
  build!: Build;
}

@ObjectType({ description: "The build whose quarantines ended.", simpleResolvers: true })
export class ReleaseBuildPayload {
  @Field(() => Build, { description: "The build after the mutation." })
  build!: Build;
}
