import sql from "sql-template-tag";
import { Arg, Args, ArgsType, Ctx, Field, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import * as builds from "../domain/builds/builds.js";
import { parseId, parseRepository } from "../domain/core/input.js";
import { Build } from "../entities/builds/build.js";
import type { Release } from "../entities/releases/release.js";
import { BuildConnection, type Connection, PageArgs, ReleaseConnection } from "../schema/connections.js";
import type { Context } from "../schema/context.js";
import { CreateBuildInput, UpdateBuildInput } from "../schema/inputs.js";
import { BuildPayload } from "../schema/payloads.js";
import { BUILDS_NEWEST_FIRST, listRows, nestedList, RELEASES_NEWEST_FIRST } from "./lists.js";

@ArgsType()
class BuildsArgs extends PageArgs {
  @Field(() => String, {
    nullable: true,
    description: "Only those of this codebase, in any of the forms it is given in.",
  })
  repository?: string | null;

  @Field(() => String, { nullable: true, description: "Only those of this branch." })
  branch?: string | null;

  @Field(() => String, { nullable: true, description: "Only those of the commit with this hash." })
  commitSha?: string | null;
}

@Resolver(() => Build)
export class BuildResolver {
  @Query(() => Build, { nullable: true, description: "One build; null where there is none." })
  build(@Ctx() ctx: Context, @Arg("id", () => ID, { description: "Its id." }) id: string): Promise<Build | null> {
    return ctx.loaders.build.load(parseId("id", id));
  }

  @Query(() => BuildConnection, { description: "Newest first." })
  builds(@Ctx() ctx: Context, @Args(() => BuildsArgs) args: BuildsArgs): Promise<Connection<Build>> {
    const conditions = [];
    if (args.repository != null) {
      conditions.push(sql`e.repository = ${parseRepository("repository", args.repository)}`);
    }
    if (args.branch != null) conditions.push(sql`e.branch = ${args.branch}`);
    if (args.commitSha != null) conditions.push(sql`e.commit_sha = ${args.commitSha.toLowerCase()}`);
    return listRows(ctx, BUILDS_NEWEST_FIRST, args, conditions);
  }

  @FieldResolver(() => ReleaseConnection, {
    description: "Every release of this build, on whichever app, newest first.",
  })
  releases(
    @Root() { id }: Build,
    @Ctx() ctx: Context,
    @Args(() => PageArgs) args: PageArgs,
  ): Promise<Connection<Release>> {
    return nestedList(ctx, RELEASES_NEWEST_FIRST, "buildId", id, args);
  }

  @Mutation(() => BuildPayload, { description: "Registers a build. Needs the role REPORTER." })
  async createBuild(
    @Ctx() ctx: Context,
    @Arg("input", () => CreateBuildInput, { description: "What was built." }) input: CreateBuildInput,
  ): Promise<BuildPayload> {
    return { build: await ctx.mutate((act) => builds.createBuild(act, input)) };
  }

  @Mutation(() => BuildPayload, { description: "Says how a build ended. Needs the role REPORTER." })
  async updateBuild(
    @Ctx() ctx: Context,
    @Arg("input", () => UpdateBuildInput, { description: "How it ended." }) input: UpdateBuildInput,
  ): Promise<BuildPayload> {
    return { build: await ctx.mutate((act) => builds.updateBuild(act, input)) };
  }
}
