import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import { quarantineBuild, releaseBuild } from "../../domain/rollouts/quarantine/quarantines.js";
import { Build } from "../../entities/builds/build.js";
import type { Context } from "../../schema/context.js";
import { QuarantineBuildInput, ReleaseBuildInput } from "../../schema/inputs/releases/builds.js";
import { QuarantineBuildPayload, ReleaseBuildPayload } from "../../schema/payloads/rollouts.js";
import { requiresRole } from "../../schema/roles.js";

@Resolver(() => Build)
export class QuarantineResolver {
  @Mutation(() => QuarantineBuildPayload, {
    nullable: true,
    description: `Keeps a build out of a stage and all later ones. What runs or is being deployed stays. ${requiresRole("quarantineBuild")}`,
  })
  async quarantineBuild(
    @Ctx() ctx: Context,
    @Arg("input", () => QuarantineBuildInput, { description: "Input for quarantineBuild." })
    input: QuarantineBuildInput,
  ): Promise<QuarantineBuildPayload> {
    return { build: await ctx.mutate((ctx) => quarantineBuild(ctx, input)) };
  }

  @Mutation(() => ReleaseBuildPayload, {
    nullable: true,
    description: `Ends all quarantines of a build. ${requiresRole("releaseBuild")}`,
  })
  async releaseBuild(
    @Ctx() ctx: Context,
    @Arg("input", () => ReleaseBuildInput, { description: "Input for releaseBuild." }) input: ReleaseBuildInput,
  ): Promise<ReleaseBuildPayload> {
    return { build: await ctx.mutate((ctx) => releaseBuild(ctx, input)) };
  }
}
