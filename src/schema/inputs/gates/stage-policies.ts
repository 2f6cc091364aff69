import { Field, ID, InputType, Int } from "type-graphql";
import type * as domain from "../../../domain/gates/policies/stage-policies.js";
import { Duration } from "../../../entities/core/custom-scalars.js";
import { ConfigParity, Stage } from "../../../entities/core/enums.js";

@InputType({ description: "Input for updateStagePolicy. Omitted fields stay unchanged." })
export class UpdateStagePolicyInput implements domain.UpdateStagePolicyInput {
  @Field(() => ID, { description: "The pipeline, by id or name." })
  pipeline!: string;

  @Field(() => Stage, { description: "The stage that is promoted into." })
  stage!: Stage;

  @Field(() => Duration, {
    nullable: true,
    description:
      "How long a release must have been current on the source app, `0s` to `30d`. Null or `0s` requires none.",
  })
  soakTime?: string | null;

  @Field(() => ConfigParity, { nullable: true, description: "Which config vars a target must have." })
  configParity?: ConfigParity | null;
  @Field(() => Boolean, {
    nullable: true,
    description: "Whether a release must be verified on the source app.",
  })
  requireVerified?: boolean | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "Whether releases of the previous stage are promoted into this stage automatically.",
  })
  autoPromote?: boolean | null;

  @Field(() => Duration, {
    nullable: true,
    description:
      "The minimum time between the starts of two automatic promotions, `0s` to `30d`. Null or `0s` for no limit.",
  })
  autoPromoteEvery?: string | null;

  @Field(() => Int, {
    nullable: true,
    description:
      "The maximum number of targets of a promotion in progress at the same time, 1 to 200; null for a whole wave.",
  })
  maxParallel?: number | null;

  @Field(() => Int, {
    nullable: true,
    description: "How many targets of a promotion may fail, 0 to 200. If more fail, its waiting targets are cancelled.",
  })
  maxFailures?: number | null;

  @Field(() => Duration, {
    nullable: true,
    description: "How long a promotion pauses after each wave, `0s` to `30d`. Null or `0s` for no pause.",
  })
  pauseBetweenWaves?: string | null;

  @Field(() => [Int], {
    nullable: true,
    description: "The waves, 1 to 20, that start only with `advancePromotion`. An empty list for none.",
  })
  manualWaves?: number[] | null;
}
