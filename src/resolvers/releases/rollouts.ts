import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import { setVerification, setWave } from "../../domain/rollouts/app-settings.js";
import { explainHolds, releaseAutomationHold } from "../../domain/rollouts/automation/holds.js";
import { advancePromotion, pausePromotion, resumePromotion } from "../../domain/rollouts/control.js";
import { explainWaves } from "../../domain/rollouts/explain-waves.js";
import { AutomationHold } from "../../entities/pipelines/automation-hold.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import { Promotion } from "../../entities/releases/promotion.js";
import { PromotionWave } from "../../entities/releases/promotion-wave.js";
import type { Context } from "../../schema/context.js";
import {
  AdvancePromotionInput,
  PausePromotionInput,
  ReleaseAutomationHoldInput,
  ResumePromotionInput,
  SetVerificationInput,
  SetWaveInput,
} from "../../schema/inputs/releases/rollouts.js";
import {
  AdvancePromotionPayload,
  PausePromotionPayload,
  ReleaseAutomationHoldPayload,
  ResumePromotionPayload,
  SetVerificationPayload,
  SetWavePayload,
} from "../../schema/payloads/rollouts.js";
import { requiresRole } from "../../schema/roles.js";

/** The waves of promotions, and the mutations that control them. */
@Resolver(() => Promotion)
export class PromotionRolloutResolver {
  @FieldResolver(() => [PromotionWave], {
    description: "The waves, in order. A promotion whose targets all have the same wave has one.",
  })
  waves(@Root() promotion: Promotion, @Ctx() ctx: Context): Promise<readonly PromotionWave[]> {
    return ctx.loaders.computed.load(explainWaves, promotion);
  }

  @Mutation(() => AdvancePromotionPayload, {
    nullable: true,
    description: `Starts a wave that the policy of the stage lists in \`manualWaves\`. ${requiresRole("advancePromotion")}`,
  })
  async advancePromotion(
    @Ctx() ctx: Context,
    @Arg("input", () => AdvancePromotionInput, { description: "Input for advancePromotion." })
    input: AdvancePromotionInput,
  ): Promise<AdvancePromotionPayload> {
    return { promotion: await ctx.mutate((ctx) => advancePromotion(ctx, input)) };
  }

  @Mutation(() => PausePromotionPayload, {
    nullable: true,
    description: `Pauses a promotion: its waiting targets do not start until it is resumed. ${requiresRole("pausePromotion")}`,
  })
  async pausePromotion(
    @Ctx() ctx: Context,
    @Arg("input", () => PausePromotionInput, { description: "Input for pausePromotion." }) input: PausePromotionInput,
  ): Promise<PausePromotionPayload> {
    return { promotion: await ctx.mutate((ctx) => pausePromotion(ctx, input)) };
  }

  @Mutation(() => ResumePromotionPayload, {
    nullable: true,
    description: `Resumes a paused promotion. ${requiresRole("resumePromotion")}`,
  })
  async resumePromotion(
    @Ctx() ctx: Context,
    @Arg("input", () => ResumePromotionInput, { description: "Input for resumePromotion." })
    input: ResumePromotionInput,
  ): Promise<ResumePromotionPayload> {
    return { promotion: await ctx.mutate((ctx) => resumePromotion(ctx, input)) };
  }
}

@Resolver(() => Coupling)
export class CouplingRolloutResolver {
  @Mutation(() => SetWavePayload, {
    nullable: true,
    description: `Sets the wave of an app. Existing promotions keep the waves of their targets. ${requiresRole("setWave")}`,
  })
  async setWave(
    @Ctx() ctx: Context,
    @Arg("input", () => SetWaveInput, { description: "Input for setWave." }) input: SetWaveInput,
  ): Promise<SetWavePayload> {
    return { coupling: await ctx.mutate((ctx) => setWave(ctx, input)) };
  }

  @Mutation(() => SetVerificationPayload, {
    nullable: true,
    description: `Sets how the releases of an app are verified. ${requiresRole("setVerification")} ${requiresRole("loosenVerification", "Loosening or removing it")}`,
  })
  async setVerification(
    @Ctx() ctx: Context,
    @Arg("input", () => SetVerificationInput, { description: "Input for setVerification." })
    input: SetVerificationInput,
  ): Promise<SetVerificationPayload> {
    return { coupling: await ctx.mutate((ctx) => setVerification(ctx, input)) };
  }

  @FieldResolver(() => AutomationHold, {
    nullable: true,
    description:
      "Why automatic deploys or promotions to the app are held; null if they are not. In DEVELOPMENT and REVIEW, a rollback holds automatic deploys until the next release or promotion to the app. In later stages with `autoPromote`, a rollback, or a promotion of a release other than the current one of the source, holds automatic promotions until the current release is promoted, or `releaseAutomationHold` is called.",
  })
  automationHeld(@Root() coupling: Coupling, @Ctx() ctx: Context): Promise<AutomationHold | null> {
    return ctx.loaders.computed.load(explainHolds, coupling);
  }

  @Mutation(() => ReleaseAutomationHoldPayload, {
    nullable: true,
    description: `Resumes automatic promotions to an app. ${requiresRole("releaseAutomationHold")}`,
  })
  async releaseAutomationHold(
    @Ctx() ctx: Context,
    @Arg("input", () => ReleaseAutomationHoldInput, { description: "Input for releaseAutomationHold." })
    input: ReleaseAutomationHoldInput,
  ): Promise<ReleaseAutomationHoldPayload> {
    return { coupling: await ctx.mutate((ctx) => releaseAutomationHold(ctx, input)) };
  }
}
