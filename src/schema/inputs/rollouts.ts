import { Field, ID, InputType, Int } from "type-graphql";
import type * as settings from "../../domain/rollouts/app-settings.js";
import type * as control from "../../domain/rollouts/control.js";

@InputType({ description: "Input for setWave." })
export class SetWaveInput implements settings.SetWaveInput {
  @Field(() => ID, { description: "The coupling, by id." })
  coupling!: string;

  @Field(() => Int, { description: "The wave, 1 to 20. The lowest goes first." })
  wave!: number;
}

@InputType({ description: "Input for advancePromotion." })
export class AdvancePromotionInput implements control.AdvancePromotionInput {
  @Field(() => ID, { description: "The promotion, by id." })
  promotion!: string;

  @Field(() => Int, {
    nullable: true,
    description: "The wave to begin; the next one if omitted. With it, a repeated request cannot begin a later wave.",
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
