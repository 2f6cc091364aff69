import sql from "sql-template-tag";
import { Arg, Args, ArgsType, Ctx, Field, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import { findApp } from "../../domain/core/references.js";
import * as apps from "../../domain/pipelines/apps.js";
import { App } from "../../entities/pipelines/app.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import { ReviewApp } from "../../entities/pipelines/review-app.js";
import { Release } from "../../entities/releases/release.js";
import { AppConnection, type Connection, PageArgs, ReleaseConnection } from "../../schema/connections.js";
import type { Context } from "../../schema/context.js";
import { AppOrder, orderBy, ReleasesArgs } from "../../schema/inputs/orders.js";
import { CreateAppInput, DeleteAppInput, UpdateAppInput } from "../../schema/inputs/pipelines/apps.js";
import { CreateAppPayload, DeleteAppPayload, UpdateAppPayload } from "../../schema/payloads/payloads.js";
import { requiresRole } from "../../schema/roles.js";
import { listRows, nameContains, nestedList } from "../lists.js";
import { appOrder, releaseOfAppOrder } from "../orders.js";

@ArgsType()
class AppsArgs extends PageArgs {
  @Field(() => String, { nullable: true, description: "Only apps whose name contains this text, case-insensitive." })
  nameContains?: string | null;

  @Field(() => String, { nullable: true, description: "Only apps in this region." })
  region?: string | null;

  @Field(() => AppOrder, orderBy("NAME", "ASC"))
  orderBy?: AppOrder | null;
}

@Resolver(() => App)
export class AppResolver {
  @Query(() => App, { nullable: true, description: "Finds an app; null if it does not exist." })
  app(
    @Ctx() ctx: Context,
    @Arg("app", () => ID, { description: "The app's id or name." }) app: string,
  ): Promise<App | null> {
    return ctx.lookup((reader) => findApp(reader, app));
  }

  @Query(() => AppConnection, { description: "Lists apps." })
  apps(@Ctx() ctx: Context, @Args(() => AppsArgs) args: AppsArgs): Promise<Connection<App>> {
    const conditions = [sql`e.deleted_at IS NULL`, ...nameContains(args.nameContains)];
    if (args.region != null) conditions.push(sql`e.region = ${args.region}`);
    return listRows(ctx, appOrder(args.orderBy), args, conditions);
  }

  @FieldResolver(() => Coupling, {
    nullable: true,
    description: "The app's place in a pipeline; null if it is not in one.",
  })
  coupling(@Root() { id }: App, @Ctx() ctx: Context): Promise<Coupling | null> {
    return ctx.loaders.couplingOfApp.load(id);
  }

  @FieldResolver(() => ReviewApp, {
    nullable: true,
    description: "The review app data; null unless the app was created for a pull request.",
  })
  reviewApp(@Root() { id }: App, @Ctx() ctx: Context): Promise<ReviewApp | null> {
    return ctx.loaders.reviewAppOfApp.load(id);
  }

  @FieldResolver(() => Release, {
    nullable: true,
    description: "The release that the app runs: the newest one that SUCCEEDED; null if it runs nothing.",
  })
  currentRelease(@Root() { id }: App, @Ctx() ctx: Context): Promise<Release | null> {
    return ctx.loaders.currentReleaseOfApp.load(id);
  }

  @FieldResolver(() => ReleaseConnection, { description: "The app's releases." })
  releases(
    @Root() { id }: App,
    @Ctx() ctx: Context,
    @Args(() => ReleasesArgs) args: ReleasesArgs,
  ): Promise<Connection<Release>> {
    return nestedList(ctx, releaseOfAppOrder(args.orderBy), "appId", id, args);
  }

  @Mutation(() => CreateAppPayload, { nullable: true, description: `Creates an app. ${requiresRole("createApp")}` })
  async createApp(
    @Ctx() ctx: Context,
    @Arg("input", () => CreateAppInput, { description: "Input for createApp." }) input: CreateAppInput,
  ): Promise<CreateAppPayload> {
    return { app: await ctx.mutate((ctx) => apps.createApp(ctx, input)) };
  }

  @Mutation(() => UpdateAppPayload, { nullable: true, description: `Updates an app. ${requiresRole("updateApp")}` })
  async updateApp(
    @Ctx() ctx: Context,
    @Arg("input", () => UpdateAppInput, { description: "Input for updateApp." }) input: UpdateAppInput,
  ): Promise<UpdateAppPayload> {
    return { app: await ctx.mutate((ctx) => apps.updateApp(ctx, input)) };
  }

  @Mutation(() => DeleteAppPayload, {
    nullable: true,
    description: `Deletes an app that is not in a pipeline. Its history is kept. ${requiresRole("deleteApp")}`,
  })
  async deleteApp(
    @Ctx() ctx: Context,
    @Arg("input", () => DeleteAppInput, { description: "Input for deleteApp." }) input: DeleteAppInput,
  ): Promise<DeleteAppPayload> {
    return { deletedAppId: await ctx.mutate((ctx) => apps.deleteApp(ctx, input)) };
  }
}
