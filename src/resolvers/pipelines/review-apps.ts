import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import * as reviewApps from "../../domain/pipelines/review-apps.js";
import { App } from "../../entities/pipelines/app.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { ReviewApp } from "../../entities/pipelines/review-app.js";
import type { Context } from "../../schema/context.js";
import { CloseReviewAppInput, OpenReviewAppInput } from "../../schema/inputs/pipelines/review-apps.js";
import { CloseReviewAppPayload, OpenReviewAppPayload } from "../../schema/payloads/payloads.js";
import { requiresRole } from "../../schema/roles.js";
import { loadApp, loadPipeline } from "../relations.js";

@Resolver(() => ReviewApp)
export class ReviewAppResolver {
  @FieldResolver(() => App, { description: "The app of the pull request." })
  app(@Root() { appId }: ReviewApp, @Ctx() ctx: Context): Promise<App> {
    return loadApp(ctx, appId);
  }

  @FieldResolver(() => Pipeline, { description: "The pipeline that the review app is in." })
  pipeline(@Root() { pipelineId }: ReviewApp, @Ctx() ctx: Context): Promise<Pipeline> {
    return loadPipeline(ctx, pipelineId);
  }

  @Mutation(() => OpenReviewAppPayload, {
    nullable: true,
    description: `Creates or updates the review app of a pull request. Use it for code hosts other than GitHub. The GitHub webhook does the same. ${requiresRole("openReviewApp")}`,
  })
  async openReviewApp(
    @Ctx() ctx: Context,
    @Arg("input", () => OpenReviewAppInput, { description: "Input for openReviewApp." }) input: OpenReviewAppInput,
  ): Promise<OpenReviewAppPayload> {
    return { reviewApp: await ctx.mutate((ctx) => reviewApps.openReviewApp(ctx, input)) };
  }

  @Mutation(() => CloseReviewAppPayload, {
    nullable: true,
    description: `Deletes the review app of a pull request. Its history is kept. ${requiresRole("closeReviewApp")}`,
  })
  closeReviewApp(
    @Ctx() ctx: Context,
    @Arg("input", () => CloseReviewAppInput, { description: "Input for closeReviewApp." }) input: CloseReviewAppInput,
  ): Promise<CloseReviewAppPayload> {
    return ctx.mutate((ctx) => reviewApps.closeReviewApp(ctx, input));
  }
}
