import sql from "sql-template-tag";
import { Arg, Args, ArgsType, Ctx, Field, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import { findApp } from "../domain/core/references.js";
import * as apps from "../domain/pipelines/apps.js";
import { App } from "../entities/pipelines/app.js";
import { Coupling } from "../entities/pipelines/coupling.js";
import { ReviewApp } from "../entities/pipelines/review-app.js";
import { Release } from "../entities/releases/release.js";
import { AppConnection, type Connection, PageArgs, ReleaseConnection } from "../schema/connections.js";
import type { Context } from "../schema/context.js";
import { CreateAppInput, DeleteAppInput, UpdateAppInput } from "../schema/inputs.js";
import { AppPayload, DeleteAppPayload } from "../schema/payloads.js";
import { APPS_BY_NAME, listRows, nameContains, nestedList, RELEASES_BY_VERSION } from "./lists.js";

@ArgsType()
class AppsArgs extends PageArgs {
  @Field(() => String, { nullable: true, description: "Only those whose name contains this, case-insensitively." })
  nameContains?: string | null;

  @Field(() => String, { nullable: true, description: "Only those of this region." })
  region?: string | null;
}

@Resolver(() => App)
export class AppResolver {
  @Query(() => App, { nullable: true, description: "One app; null where there is none." })
  app(@Ctx() ctx: Context, @Arg("app", () => ID, { description: "Its id or name." }) app: string): Promise<App | null> {
    return ctx.lookup((reader) => findApp(reader, app));
  }

  @Query(() => AppConnection, { description: "By name." })
  apps(@Ctx() ctx: Context, @Args(() => AppsArgs) args: AppsArgs): Promise<Connection<App>> {
    const conditions = [sql`e.deleted_at IS NULL`, ...nameContains(args.nameContains)];
    if (args.region != null) conditions.push(sql`e.region = ${args.region}`);
    return listRows(ctx, APPS_BY_NAME, args, conditions);
  }

  @FieldResolver(() => Coupling, { nullable: true, description: "Where it stands; null where it is in no pipeline." })
  coupling(@Root() { id }: App, @Ctx() ctx: Context): Promise<Coupling | null> {
    return ctx.loaders.couplingOfApp.load(id);
  }

  @FieldResolver(() => ReviewApp, { nullable: true, description: "Set where the app was made for a pull request." })
  reviewApp(@Root() { id }: App, @Ctx() ctx: Context): Promise<ReviewApp | null> {
    return ctx.loaders.reviewAppOfApp.load(id);
  }

  @FieldResolver(() => Release, {
    nullable: true,
    description: "The newest release that succeeded: what the app runs.",
  })
  currentRelease(@Root() { id }: App, @Ctx() ctx: Context): Promise<Release | null> {
    return ctx.loaders.currentReleaseOfApp.load(id);
  }

  @FieldResolver(() => ReleaseConnection, { description: "Newest first." })
  releases(
    @Root() { id }: App,
    @Ctx() ctx: Context,
    @Args(() => PageArgs) args: PageArgs,
  ): Promise<Connection<Release>> {
    return nestedList(ctx, RELEASES_BY_VERSION, "appId", id, args);
  }

  @Mutation(() => AppPayload, { description: "Makes an app. Needs the role OPERATOR." })
  async createApp(
    @Ctx() ctx: Context,
    @Arg("input", () => CreateAppInput, { description: "What it is to be." }) input: CreateAppInput,
  ): Promise<AppPayload> {
    return { app: await ctx.mutate((act) => apps.createApp(act, input)) };
  }

  @Mutation(() => AppPayload, { description: "Changes an app. Needs the role OPERATOR." })
  async updateApp(
    @Ctx() ctx: Context,
    @Arg("input", () => UpdateAppInput, { description: "What is to change." }) input: UpdateAppInput,
  ): Promise<AppPayload> {
    return { app: await ctx.mutate((act) => apps.updateApp(act, input)) };
  }

  @Mutation(() => DeleteAppPayload, {
    description: "Deletes an app that is in no pipeline. Its history stays. Needs the role ADMIN.",
  })
  async deleteApp(
    @Ctx() ctx: Context,
    @Arg("input", () => DeleteAppInput, { description: "Which one." }) input: DeleteAppInput,
  ): Promise<DeleteAppPayload> {
    return { deletedAppId: await ctx.mutate((act) => apps.deleteApp(act, input)) };
  }
}
