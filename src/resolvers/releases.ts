import { Arg, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import { parseId } from "../domain/core/input.js";
import { rollup } from "../domain/gates/checks.js";
import * as releases from "../domain/releases/releases.js";
import { Build } from "../entities/builds/build.js";
import { StatusState } from "../entities/core/enums.js";
import { GithubReport } from "../entities/github/github-report.js";
import { App } from "../entities/pipelines/app.js";
import { Promotion } from "../entities/releases/promotion.js";
import { Release } from "../entities/releases/release.js";
import { ReleaseStatus } from "../entities/releases/release-status.js";
import type { Context } from "../schema/context.js";
import { CreateReleaseInput, ReportDeploymentInput, RollbackInput } from "../schema/inputs.js";
import { ReleasePayload } from "../schema/payloads.js";
import { appOf, buildOf } from "./relations.js";

@Resolver(() => Release)
export class ReleaseResolver {
  @Query(() => Release, { nullable: true, description: "One release; null where there is none." })
  release(@Ctx() ctx: Context, @Arg("id", () => ID, { description: "Its id." }) id: string): Promise<Release | null> {
    return ctx.loaders.release.load(parseId("id", id));
  }

  @FieldResolver(() => App, { description: "The app that it is on; `deletedAt` is set where that was deleted." })
  app(@Root() { appId }: Release, @Ctx() ctx: Context): Promise<App> {
    return appOf(ctx, appId);
  }

  @FieldResolver(() => Build, { description: "What is released." })
  build(@Root() { buildId }: Release, @Ctx() ctx: Context): Promise<Build> {
    return buildOf(ctx, buildId);
  }

  @FieldResolver(() => Boolean, { description: "Whether this is the release that its app runs now." })
  async current(@Root() { id, appId }: Release, @Ctx() ctx: Context): Promise<boolean> {
    return (await ctx.loaders.currentReleaseOfApp.load(appId))?.id === id;
  }

  @FieldResolver(() => [ReleaseStatus], {
    description:
      "One per context: the release's own, and those of its build for the contexts that it has none of its own in.",
  })
  statuses(@Root() release: Release, @Ctx() ctx: Context): Promise<readonly ReleaseStatus[]> {
    return ctx.loaders.statusesOfRelease.load(release);
  }

  @FieldResolver(() => StatusState, {
    nullable: true,
    description:
      "The worst of the statuses (ERROR, FAILURE, PENDING, SUCCESS, in that order); null where none was reported.",
  })
  async state(@Root() release: Release, @Ctx() ctx: Context): Promise<StatusState | null> {
    return rollup((await ctx.loaders.statusesOfRelease.load(release)).map((status) => status.state));
  }

  @FieldResolver(() => Promotion, { nullable: true, description: "The promotion that made it, if one did." })
  async promotion(@Root() { promotionId }: Release, @Ctx() ctx: Context): Promise<Promotion | null> {
    return promotionId === null ? null : ctx.loaders.promotion.load(promotionId);
  }

  @FieldResolver(() => GithubReport, {
    nullable: true,
    description: "Whether GitHub has been told; null where it is not told of this release.",
  })
  githubReport(@Root() { id }: Release, @Ctx() ctx: Context): Promise<GithubReport | null> {
    return ctx.loaders.githubReportOfRelease.load(id);
  }

  @Mutation(() => ReleasePayload, {
    description:
      "Releases a build onto an app. Needs the role OPERATOR, and ADMIN while a required check of the app is not SUCCESS on the build.",
  })
  async createRelease(
    @Ctx() ctx: Context,
    @Arg("input", () => CreateReleaseInput, { description: "Which build, and where." }) input: CreateReleaseInput,
  ): Promise<ReleasePayload> {
    return { release: await ctx.mutate((act) => releases.createRelease(act, input)) };
  }

  @Mutation(() => ReleasePayload, { description: "Goes back to an earlier release. Needs the role OPERATOR." })
  async rollback(
    @Ctx() ctx: Context,
    @Arg("input", () => RollbackInput, { description: "Of which app, and how far." }) input: RollbackInput,
  ): Promise<ReleasePayload> {
    return { release: await ctx.mutate((act) => releases.rollback(act, input)) };
  }

  @Mutation(() => ReleasePayload, { description: "Says how a deployment is going. Needs the role REPORTER." })
  async reportDeployment(
    @Ctx() ctx: Context,
    @Arg("input", () => ReportDeploymentInput, { description: "What there is to say." }) input: ReportDeploymentInput,
  ): Promise<ReleasePayload> {
    return { release: await ctx.mutate((act) => releases.reportDeployment(act, input)) };
  }
}
