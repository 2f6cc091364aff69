import { Field, ID, InputType, Int } from "type-graphql";
import type * as settings from "../../../domain/rollouts/app-settings.js";
import type * as control from "../../../domain/rollouts/control.js";
import { Duration } from "../../../entities/core/custom-scalars.js";
import { VerificationFailure } from "../../../entities/core/enums.js";

@InputType({ description: "Input for setWave." })
export class SetWaveInput implements settings.SetWaveInput {
  @Field(() => ID, { description: "The coupling, by id." })
  coupling!: string;

  @Field(() => Int, { description: "The wave, 1 to 20. The lowest goes first." })
  wave!: number;
}

@InputType({ description: "How the releases of an app are verified." })
export class VerificationInput implements settings.VerificationInput {
  @Field(() => [String], {
    description: "The contexts that must be SUCCESS on the release itself, 1 to 20.",
  })
  checks!: string[];

  @Field(() => Duration, {
    nullable: true,
    defaultValue: "30m",
    description: "How long the checks may take after the release has succeeded, `1m` to `24h`.",
  })
  within?: string | null;

  @Field(() => VerificationFailure, {
    nullable: true,
    defaultValue: VerificationFailure.STOP,
    description: "What happens if a check fails or the time runs out.",
  })
  onFailure?: VerificationFailure | null;
}

@InputType({ description: "Input for setVerification." })
export class SetVerificationInput implements settings.SetVerificationInput {
  @Field(() => ID, { description: "The coupling, by id." })
  coupling!: string;

  @Field(() => VerificationInput, {
    nullable: true,
    description: "How releases that succeed from now on are verified. Null or omitted turns verification off.",
  })
  verification?: VerificationInput | null;
}

@InputType({ description: "Input for releaseAutomationHold." })
export class ReleaseAutomationHoldInput {
  @Field(() => ID, { description: "The coupling, by id." })
  coupling!: string;
}

@InputType({ description: "Input for advancePromotion." })
export class AdvancePromotionInput implements control.AdvancePromotionInput {
  @Field(() => ID, { description: "The promotion, by id." })
  promotion!: string;

  @Field(() => Int, {
    nullable: true,
    description:
      "The wave to start; the next one if omitted. If it is set, a repeated request cannot start a later wave.",
  })
  wave?: number | null;
}

@InputType({ description: "Input for pausePromotion." })
export class PausePromotionInput implements control.PausePromotionInput {
  @Field(() => ID, { description: "The promotion, by id." })
  promotion!: string;
}

@InputType({ description: "Input for resumePromotion." })
export class ResumePromotionInput implements control.PausePromotionInput {
  @Field(() => ID, { description: "The promotion, by id." })
  promotion!: string;
}
