import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import * as reviewApps from "../domain/pipelines/review-apps.js";
import { App } from "../entities/pipelines/app.js";
import { Pipeline } from "../entities/pipelines/pipeline.js";
import { ReviewApp } from "../entities/pipelines/review-app.js";
import type { Context } from "../schema/context.js";
import { CloseReviewAppInput, OpenReviewAppInput } from "../schema/inputs.js";
import { CloseReviewAppPayload, ReviewAppPayload } from "../schema/payloads.js";
import { appOf, pipelineOf } from "./relations.js";

@Resolver(() => ReviewApp)
export class ReviewAppResolver {
  @FieldResolver(() => App, { description: "The app." })
  app(@Root() { appId }: ReviewApp, @Ctx() ctx: Context): Promise<App> {
    return appOf(ctx, appId);
  }

  @FieldResolver(() => Pipeline, { description: "The pipeline." })
  pipeline(@Root() { pipelineId }: ReviewApp, @Ctx() ctx: Context): Promise<Pipeline> {
    return pipelineOf(ctx, pipelineId);
  }

  @Mutation(() => ReviewAppPayload, {
    description:
      "Makes the review app of a pull request, or updates it where it stands; what the GitHub webhook calls, for every other host. Needs the role OPERATOR.",
  })
  async openReviewApp(
    @Ctx() ctx: Context,
    @Arg("input", () => OpenReviewAppInput, { description: "For which pull request." }) input: OpenReviewAppInput,
  ): Promise<ReviewAppPayload> {
    return { reviewApp: await ctx.mutate((act) => reviewApps.openReviewApp(act, input)) };
  }

  @Mutation(() => CloseReviewAppPayload, {
    description: "Removes the review app of a pull request. Its history stays. Needs the role OPERATOR.",
  })
  closeReviewApp(
    @Ctx() ctx: Context,
    @Arg("input", () => CloseReviewAppInput, { description: "Of which pull request." }) input: CloseReviewAppInput,
  ): Promise<CloseReviewAppPayload> {
    return ctx.mutate((act) => reviewApps.closeReviewApp(act, input));
  }
}
