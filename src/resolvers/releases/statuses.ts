import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import { reportStatus } from "../../domain/releases/statuses.js";
import { Build } from "../../entities/builds/build.js";
import { Release } from "../../entities/releases/release.js";
import { ReleaseStatus } from "../../entities/releases/release-status.js";
import type { Context } from "../../schema/context.js";
import { ReportStatusInput } from "../../schema/inputs/releases/statuses.js";
import { ReportStatusPayload } from "../../schema/payloads/payloads.js";
import { requiresRole } from "../../schema/roles.js";
import { loadBuild } from "../relations.js";

@Resolver(() => ReleaseStatus)
export class StatusResolver {
  @FieldResolver(() => Release, {
    nullable: true,
    description: "The release; null if the status was reported on the build.",
  })
  async release(@Root() { releaseId }: ReleaseStatus, @Ctx() ctx: Context): Promise<Release | null> {
    return releaseId === null ? null : ctx.loaders.referenced.release.load(releaseId);
  }

  @FieldResolver(() => Build, {
    description: "The build that the status was reported on, or the build of the release.",
  })
  build(@Root() { buildId }: ReleaseStatus, @Ctx() ctx: Context): Promise<Build> {
    return loadBuild(ctx, buildId);
  }

  @Mutation(() => ReportStatusPayload, {
    nullable: true,
    description: `Creates or updates the status of a release or build in one context. ${requiresRole("reportStatus")}`,
  })
  async reportStatus(
    @Ctx() ctx: Context,
    @Arg("input", () => ReportStatusInput, { description: "Input for reportStatus." }) input: ReportStatusInput,
  ): Promise<ReportStatusPayload> {
    return { status: await ctx.mutate((ctx) => reportStatus(ctx, input)) };
  }
}
