import { Arg, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import { parseId } from "../../domain/core/input.js";
import { rollup } from "../../domain/gates/checks/checks.js";
import * as releases from "../../domain/releases/releases.js";
import { Build } from "../../entities/builds/build.js";
import { StatusState } from "../../entities/core/enums.js";
import { Freeze } from "../../entities/gates/freeze.js";
import { GithubReport } from "../../entities/github/github-report.js";
import { App } from "../../entities/pipelines/app.js";
import { Promotion } from "../../entities/releases/promotion.js";
import { Release } from "../../entities/releases/release.js";
import { ReleaseStatus } from "../../entities/releases/release-status.js";
import type { Context } from "../../schema/context.js";
import { CreateReleaseInput, ReportDeploymentInput, RollbackInput } from "../../schema/inputs/releases/releases.js";
import { CreateReleasePayload, ReportDeploymentPayload, RollbackPayload } from "../../schema/payloads/payloads.js";
import { requiresRole } from "../../schema/roles.js";
import { loadApp, loadBuild } from "../relations.js";

@Resolver(() => Release)
export class ReleaseResolver {
  @Query(() => Release, { nullable: true, description: "Finds a release; null if it does not exist." })
  release(
    @Ctx() ctx: Context,
    @Arg("id", () => ID, { description: "The release's id." }) id: string,
  ): Promise<Release | null> {
    return ctx.loaders.release.load(parseId("id", id));
  }

  @FieldResolver(() => App, { description: "The app that it was released on. `deletedAt` is set if it was deleted." })
  app(@Root() { appId }: Release, @Ctx() ctx: Context): Promise<App> {
    return loadApp(ctx, appId);
  }

  @FieldResolver(() => Build, { description: "The released build." })
  build(@Root() { buildId }: Release, @Ctx() ctx: Context): Promise<Build> {
    return loadBuild(ctx, buildId);
  }

  @FieldResolver(() => Boolean, { description: "Whether this is the release that the app runs now." })
  async current(@Root() { id, appId }: Release, @Ctx() ctx: Context): Promise<boolean> {
    return (await ctx.loaders.currentReleaseOfApp.load(appId))?.id === id;
  }

  @FieldResolver(() => [ReleaseStatus], {
    description:
      "The statuses, one per context. A status on the build applies unless the release has its own in that context.",
  })
  statuses(@Root() release: Release, @Ctx() ctx: Context): Promise<readonly ReleaseStatus[]> {
    return ctx.loaders.statusesOfRelease.load(release);
  }

  @FieldResolver(() => StatusState, {
    nullable: true,
    description:
      "The worst state of the statuses, in the order ERROR, FAILURE, PENDING, SUCCESS; null if none was reported.",
  })
  async state(@Root() release: Release, @Ctx() ctx: Context): Promise<StatusState | null> {
    return rollup((await ctx.loaders.statusesOfRelease.load(release)).map((status) => status.state));
  }

  @FieldResolver(() => Promotion, {
    nullable: true,
    description: "The promotion that created it; null if it was not created by one.",
  })
  async promotion(@Root() { promotionId }: Release, @Ctx() ctx: Context): Promise<Promotion | null> {
    return promotionId === null ? null : ctx.loaders.promotion.load(promotionId);
  }

  @FieldResolver(() => Freeze, {
    nullable: true,
    description:
      "The freeze that was active when it was created, which a rollback, an exemption or `force` went past; null if no freeze was active.",
  })
  async duringFreeze(@Root() { duringFreezeId }: Release, @Ctx() ctx: Context): Promise<Freeze | null> {
    return duringFreezeId === null ? null : ctx.loaders.freeze.load(duringFreezeId);
  }

  @FieldResolver(() => GithubReport, {
    nullable: true,
    description: "The state of the report to GitHub; null if this release is not reported to GitHub.",
  })
  githubReport(@Root() { id }: Release, @Ctx() ctx: Context): Promise<GithubReport | null> {
    return ctx.loaders.githubReportOfRelease.load(id);
  }

  @Mutation(() => CreateReleasePayload, {
    nullable: true,
    description: `Releases a build on an app. ${requiresRole("createRelease")} ${requiresRole("forceRelease", "Forcing")}`,
  })
  async createRelease(
    @Ctx() ctx: Context,
    @Arg("input", () => CreateReleaseInput, { description: "Input for createRelease." }) input: CreateReleaseInput,
  ): Promise<CreateReleasePayload> {
    return { release: await ctx.mutate((ctx) => releases.createRelease(ctx, input)) };
  }

  @Mutation(() => RollbackPayload, {
    nullable: true,
    description: `Rolls an app back to an earlier release. Creates a new release with the same build. ${requiresRole("rollback")}`,
  })
  async rollback(
    @Ctx() ctx: Context,
    @Arg("input", () => RollbackInput, { description: "Input for rollback." }) input: RollbackInput,
  ): Promise<RollbackPayload> {
    return { release: await ctx.mutate((ctx) => releases.rollback(ctx, input)) };
  }

  @Mutation(() => ReportDeploymentPayload, {
    nullable: true,
    description: `Reports the progress or the result of a release's deployment. ${requiresRole("reportDeployment")}`,
  })
  async reportDeployment(
    @Ctx() ctx: Context,
    @Arg("input", () => ReportDeploymentInput, { description: "Input for reportDeployment." })
    input: ReportDeploymentInput,
  ): Promise<ReportDeploymentPayload> {
    return { release: await ctx.mutate((ctx) => releases.reportDeployment(ctx, input)) };
  }
}
