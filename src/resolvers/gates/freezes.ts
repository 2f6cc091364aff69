import sql from "sql-template-tag";
import { Arg, Args, ArgsType, Ctx, Field, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import { permit } from "../../domain/access/actions.js";
import * as exemptions from "../../domain/gates/freezes/exemptions.js";
import { areInForce } from "../../domain/gates/freezes/freeze-gate.js";
import * as freezes from "../../domain/gates/freezes/freezes.js";
import { Build } from "../../entities/builds/build.js";
import { Freeze, FreezeExemption } from "../../entities/gates/freeze.js";
import { GateScope, type ScopeIds } from "../../entities/gates/gate-scope.js";
import { App } from "../../entities/pipelines/app.js";
import { type Connection, FreezeConnection, PageArgs } from "../../schema/connections.js";
import type { Context } from "../../schema/context.js";
import {
  ExemptFromFreezeInput,
  ExtendFreezeInput,
  LiftFreezeInput,
  StartFreezeInput,
} from "../../schema/inputs/gates/gates.js";
import {
  ExemptFromFreezePayload,
  ExtendFreezePayload,
  LiftFreezePayload,
  StartFreezePayload,
} from "../../schema/payloads/gates.js";
import { requiresRole } from "../../schema/roles.js";
import { FREEZES_NEWEST_FIRST, listRows } from "../lists.js";
import { loadGateScope } from "./scopes.js";

@ArgsType()
class FreezesArgs extends PageArgs {
  @Field(() => Boolean, {
    nullable: true,
    description: "True: only freezes that block deployments now. False: only planned and ended ones.",
  })
  active?: boolean | null;
}

@Resolver(() => Freeze)
export class FreezeResolver {
  @Query(() => Freeze, { nullable: true, description: "Finds a freeze; null if it does not exist." })
  freeze(
    @Ctx() ctx: Context,
    @Arg("freeze", () => ID, { description: "The freeze's id." }) freeze: string,
  ): Promise<Freeze | null> {
    permit(ctx.viewer, "read");
    return freezes.findFreeze(ctx.db.reader, freeze);
  }

  @Query(() => FreezeConnection, { description: "Lists freezes, newest first, including those that have ended." })
  freezes(@Ctx() ctx: Context, @Args(() => FreezesArgs) args: FreezesArgs): Promise<Connection<Freeze>> {
    if (args.active == null) return listRows(ctx, FREEZES_NEWEST_FIRST, args);
    const now = ctx.now().getTime();
    const ended = false;
    const active = sql`e.ended = ${ended} AND e.starts_at <= ${now} AND (e.ends_at IS NULL OR e.ends_at > ${now})`;
    return listRows(ctx, FREEZES_NEWEST_FIRST, args, [args.active ? active : sql`NOT (${active})`]);
  }

  @FieldResolver(() => GateScope, { description: "Where it applies." })
  scope(@Root() { id }: Freeze, @Ctx() ctx: Context): Promise<ScopeIds> {
    return loadGateScope(ctx, id);
  }

  @FieldResolver(() => Boolean, { description: "Whether it blocks deployments now." })
  active(@Root() freeze: Freeze, @Ctx() ctx: Context): Promise<boolean> {
    return ctx.loaders.computed.load(areInForce, freeze);
  }

  @FieldResolver(() => [FreezeExemption], { description: "Its exemptions, including expired ones, oldest first." })
  exemptions(@Root() { id }: Freeze, @Ctx() ctx: Context): Promise<readonly FreezeExemption[]> {
    return ctx.loaders.exemptionsOfFreeze.load(id);
  }

  @Mutation(() => StartFreezePayload, {
    nullable: true,
    description: `Freezes deployments, now or from a later time. ${requiresRole("startFreeze")}`,
  })
  async startFreeze(
    @Ctx() ctx: Context,
    @Arg("input", () => StartFreezeInput, { description: "Input for startFreeze." }) input: StartFreezeInput,
  ): Promise<StartFreezePayload> {
    return { freeze: await ctx.mutate((ctx) => freezes.startFreeze(ctx, input)) };
  }

  @Mutation(() => ExtendFreezePayload, {
    nullable: true,
    description: `Changes the end of a freeze. ${requiresRole("extendFreeze")} ${requiresRole("liftOthersFreeze", "Ending another person's freeze earlier")}`,
  })
  async extendFreeze(
    @Ctx() ctx: Context,
    @Arg("input", () => ExtendFreezeInput, { description: "Input for extendFreeze." }) input: ExtendFreezeInput,
  ): Promise<ExtendFreezePayload> {
    return { freeze: await ctx.mutate((ctx) => freezes.extendFreeze(ctx, input)) };
  }

  @Mutation(() => LiftFreezePayload, {
    nullable: true,
    description: `Ends a freeze. ${requiresRole("liftFreeze")} ${requiresRole("liftOthersFreeze", "Lifting another person's freeze")}`,
  })
  async liftFreeze(
    @Ctx() ctx: Context,
    @Arg("input", () => LiftFreezeInput, { description: "Input for liftFreeze." }) input: LiftFreezeInput,
  ): Promise<LiftFreezePayload> {
    return { freeze: await ctx.mutate((ctx) => freezes.liftFreeze(ctx, input)) };
  }

  @Mutation(() => ExemptFromFreezePayload, {
    nullable: true,
    description: `Lets a build or an app through a freeze. ${requiresRole("exemptFromFreeze")}`,
  })
  async exemptFromFreeze(
    @Ctx() ctx: Context,
    @Arg("input", () => ExemptFromFreezeInput, { description: "Input for exemptFromFreeze." })
    input: ExemptFromFreezeInput,
  ): Promise<ExemptFromFreezePayload> {
    return { freeze: await ctx.mutate((ctx) => exemptions.exemptFromFreeze(ctx, input)) };
  }
}

@Resolver(() => FreezeExemption)
export class FreezeExemptionResolver {
  @FieldResolver(() => Build, {
    nullable: true,
    description: "The exempted build; null if an app is exempted, or the build is not visible.",
  })
  async build(@Root() { buildId }: FreezeExemption, @Ctx() ctx: Context): Promise<Build | null> {
    return buildId === null ? null : ctx.loaders.build.load(buildId);
  }

  @FieldResolver(() => App, {
    nullable: true,
    description: "The exempted app; null if a build is exempted, or the app is not visible.",
  })
  async app(@Root() { appId }: FreezeExemption, @Ctx() ctx: Context): Promise<App | null> {
    return appId === null ? null : ctx.loaders.app.load(appId);
  }
}
