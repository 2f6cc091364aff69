import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import { reportStatus } from "../domain/releases/statuses.js";
import { Build } from "../entities/builds/build.js";
import { Release } from "../entities/releases/release.js";
import { ReleaseStatus } from "../entities/releases/release-status.js";
import type { Context } from "../schema/context.js";
import { ReportStatusInput } from "../schema/inputs.js";
import { ReleaseStatusPayload } from "../schema/payloads.js";
import { buildOf } from "./relations.js";

@Resolver(() => ReleaseStatus)
export class StatusResolver {
  @FieldResolver(() => Release, { nullable: true, description: "Null where it was reported on the build." })
  async release(@Root() { releaseId }: ReleaseStatus, @Ctx() ctx: Context): Promise<Release | null> {
    return releaseId === null ? null : ctx.loaders.named.release.load(releaseId);
  }

  @FieldResolver(() => Build, { description: "The build that it was reported on, or that of its release." })
  build(@Root() { buildId }: ReleaseStatus, @Ctx() ctx: Context): Promise<Build> {
    return buildOf(ctx, buildId);
  }

  @Mutation(() => ReleaseStatusPayload, {
    description: "Says how a release or build stands in one context. Needs the role REPORTER.",
  })
  async reportStatus(
    @Ctx() ctx: Context,
    @Arg("input", () => ReportStatusInput, { description: "What there is to say." }) input: ReportStatusInput,
  ): Promise<ReleaseStatusPayload> {
    return { status: await ctx.mutate((act) => reportStatus(act, input)) };
  }
}
