import sql from "sql-template-tag";
import { Arg, Args, ArgsType, Ctx, Field, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import * as builds from "../../domain/builds/builds.js";
import { explainAutoDeploys } from "../../domain/builds/decisions.js";
import { parseId, withoutRefPrefix } from "../../domain/core/input.js";
import { inForce } from "../../domain/rollouts/quarantine/in-force.js";
import { AutoDeploy } from "../../entities/builds/auto-deploy.js";
import { Build } from "../../entities/builds/build.js";
import { Quarantine } from "../../entities/builds/quarantine.js";
import type { Release } from "../../entities/releases/release.js";
import { BuildConnection, type Connection, PageArgs, ReleaseConnection } from "../../schema/connections.js";
import type { Context } from "../../schema/context.js";
import { BuildOrder, orderBy, ReleasesArgs } from "../../schema/inputs/orders.js";
import { CreateBuildInput, UpdateBuildInput } from "../../schema/inputs/releases/builds.js";
import { CreateBuildPayload, UpdateBuildPayload } from "../../schema/payloads/payloads.js";
import { requiresRole } from "../../schema/roles.js";
import { listRows, nestedList, ofRepository } from "../lists.js";
import { buildOrder, releaseOrder } from "../orders.js";

@ArgsType()
class BuildsArgs extends PageArgs {
  @Field(() => String, {
    nullable: true,
    description: "Only builds of this repository, as `github.com/acme/shop`, as a URL, or as `acme/shop`.",
  })
  repository?: string | null;

  @Field(() => String, { nullable: true, description: "Only builds of this branch, as `main` or `refs/heads/main`." })
  branch?: string | null;

  @Field(() => String, { nullable: true, description: "Only builds of the commit with this exact hash." })
  commitSha?: string | null;

  @Field(() => BuildOrder, orderBy("CREATED", "DESC"))
  orderBy?: BuildOrder | null;
}

@Resolver(() => Build)
export class BuildResolver {
  @Query(() => Build, { nullable: true, description: "Finds a build; null if it does not exist." })
  build(
    @Ctx() ctx: Context,
    @Arg("id", () => ID, { description: "The build's id." }) id: string,
  ): Promise<Build | null> {
    return ctx.loaders.build.load(parseId("id", id));
  }

  @Query(() => BuildConnection, { description: "Lists builds." })
  async builds(@Ctx() ctx: Context, @Args(() => BuildsArgs) args: BuildsArgs): Promise<Connection<Build>> {
    const conditions = await ofRepository(ctx, args.repository);
    if (args.branch != null) conditions.push(sql`e.branch = ${withoutRefPrefix(args.branch)}`);
    if (args.commitSha != null) conditions.push(sql`e.commit_sha = ${args.commitSha.toLowerCase()}`);
    return listRows(ctx, buildOrder(args.orderBy), args, conditions);
  }

  @FieldResolver(() => ReleaseConnection, {
    description: "The releases of this build on all apps.",
  })
  releases(
    @Root() { id }: Build,
    @Ctx() ctx: Context,
    @Args(() => ReleasesArgs) args: ReleasesArgs,
  ): Promise<Connection<Release>> {
    return nestedList(ctx, releaseOrder(args.orderBy), "buildId", id, args);
  }

  @FieldResolver(() => [AutoDeploy], {
    description:
      "Whether it is deployed automatically to each app that currently follows its branch or commit, in the order in which the apps were added.",
  })
  autoDeploys(@Root() build: Build, @Ctx() ctx: Context): Promise<readonly AutoDeploy[]> {
    return ctx.loaders.computed.load(explainAutoDeploys, build);
  }

  @FieldResolver(() => [Quarantine], {
    description:
      "Its quarantines that are in force, those of the earliest stage first. The build must not go to that stage or a later one.",
  })
  async quarantines(@Root() { id }: Build, @Ctx() ctx: Context): Promise<readonly Quarantine[]> {
    return inForce(await ctx.loaders.quarantinesOfBuild.load(id));
  }

  @Mutation(() => CreateBuildPayload, {
    nullable: true,
    description: `Registers a build. ${requiresRole("createBuild")}`,
  })
  async createBuild(
    @Ctx() ctx: Context,
    @Arg("input", () => CreateBuildInput, { description: "Input for createBuild." }) input: CreateBuildInput,
  ): Promise<CreateBuildPayload> {
    return { build: await ctx.mutate((ctx) => builds.createBuild(ctx, input)) };
  }

  @Mutation(() => UpdateBuildPayload, {
    nullable: true,
    description: `Updates the phase of a build that has not SUCCEEDED. ${requiresRole("updateBuild")}`,
  })
  async updateBuild(
    @Ctx() ctx: Context,
    @Arg("input", () => UpdateBuildInput, { description: "Input for updateBuild." }) input: UpdateBuildInput,
  ): Promise<UpdateBuildPayload> {
    return { build: await ctx.mutate((ctx) => builds.updateBuild(ctx, input)) };
  }
}
