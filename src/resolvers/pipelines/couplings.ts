import sql from "sql-template-tag";
import { Arg, Args, ArgsType, Ctx, Field, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import { parseId } from "../../domain/core/input.js";
import { findApp, requirePipeline } from "../../domain/core/references.js";
import { badInput } from "../../domain/core/refusal.js";
import * as changes from "../../domain/pipelines/coupling-changes.js";
import * as couplings from "../../domain/pipelines/couplings.js";
import { isAutoDeployStage } from "../../domain/pipelines/stages.js";
import { Stage } from "../../entities/core/enums.js";
import { GateState } from "../../entities/gates/gate-state.js";
import { App } from "../../entities/pipelines/app.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { type Connection, CouplingConnection, PageArgs } from "../../schema/connections.js";
import type { Context } from "../../schema/context.js";
import {
  AddCouplingInput,
  MoveCouplingInput,
  RemoveCouplingInput,
  SetAutoDeployInput,
  UpdateChecksInput,
} from "../../schema/inputs/pipelines/couplings.js";
import {
  AddCouplingPayload,
  MoveCouplingPayload,
  RemoveCouplingPayload,
  SetAutoDeployPayload,
  UpdateChecksPayload,
} from "../../schema/payloads/payloads.js";
import { requiresRole } from "../../schema/roles.js";
import { loadGateStateOfApp } from "../gates/gate-states.js";
import { COUPLINGS, listRows } from "../lists.js";
import { loadApp, loadPipeline } from "../relations.js";

@ArgsType()
class CouplingsArgs extends PageArgs {
  @Field(() => ID, { nullable: true, description: "Only couplings of this pipeline, by id or name." })
  pipeline?: string | null;

  @Field(() => Stage, { nullable: true, description: "Only couplings in this stage." })
  stage?: Stage | null;
}

@Resolver(() => Coupling)
export class CouplingResolver {
  @Query(() => Coupling, {
    nullable: true,
    description:
      "Finds a coupling by its id or by its app; null if it does not exist. Set exactly one of `id` and `app`.",
  })
  async coupling(
    @Ctx() ctx: Context,
    @Arg("id", () => ID, { nullable: true, description: "The coupling's id." }) id: string | null,
    @Arg("app", () => ID, { nullable: true, description: "The coupled app, by id or name." }) app: string | null,
  ): Promise<Coupling | null> {
    if (id != null && app == null) return ctx.db.reader.first(Coupling, { id: parseId("id", id) });
    if (id != null || app == null) throw badInput(app == null ? "id" : "app", "Set exactly one of id and app.");
    const found = await findApp(ctx.db.reader, app);
    return found === null ? null : ctx.loaders.couplingOfApp.load(found.id);
  }

  @Query(() => CouplingConnection, { description: "Lists couplings, in the order in which they were added." })
  async couplings(@Ctx() ctx: Context, @Args(() => CouplingsArgs) args: CouplingsArgs): Promise<Connection<Coupling>> {
    const conditions = [];
    if (args.pipeline != null) {
      const { id } = await requirePipeline(ctx.db.reader, "pipeline", args.pipeline);
      conditions.push(sql`e.pipeline_id = ${id}`);
    }
    if (args.stage != null) conditions.push(sql`e.stage = ${args.stage}`);
    return listRows(ctx, COUPLINGS, args, conditions);
  }

  @FieldResolver(() => Pipeline, { description: "The pipeline that the app is in." })
  pipeline(@Root() { pipelineId }: Coupling, @Ctx() ctx: Context): Promise<Pipeline> {
    return loadPipeline(ctx, pipelineId);
  }

  @FieldResolver(() => Boolean, {
    deprecationReason: "Use `automationHeld`, which also says since when and why, and holds in every stage.",
    description:
      "Whether automatic deployment is on hold after a rollback, so that it does not undo the rollback. The next release or promotion to the app ends the hold.",
  })
  async autoDeployHeld(@Root() { appId, stage }: Coupling, @Ctx() ctx: Context): Promise<boolean> {
    return isAutoDeployStage(stage) && ctx.loaders.isRolledBack.load(appId);
  }

  @FieldResolver(() => GateState, {
    description: "Whether deployment windows and freezes allow deployments to the app.",
  })
  gate(@Root() coupling: Coupling, @Ctx() ctx: Context): Promise<GateState> {
    return loadGateStateOfApp(ctx, coupling);
  }

  @FieldResolver(() => App, { description: "The coupled app." })
  app(@Root() { appId }: Coupling, @Ctx() ctx: Context): Promise<App> {
    return loadApp(ctx, appId);
  }

  @Mutation(() => AddCouplingPayload, {
    nullable: true,
    description: `Adds an app to a stage of a pipeline. ${requiresRole("addCoupling")}`,
  })
  async addCoupling(
    @Ctx() ctx: Context,
    @Arg("input", () => AddCouplingInput, { description: "Input for addCoupling." }) input: AddCouplingInput,
  ): Promise<AddCouplingPayload> {
    return { coupling: await ctx.mutate((ctx) => couplings.addCoupling(ctx, input)) };
  }

  @Mutation(() => UpdateChecksPayload, {
    nullable: true,
    description: `Replaces the required checks of an app. ${requiresRole("addChecks")} ${requiresRole("removeChecks", "Removing a check")}`,
  })
  async updateChecks(
    @Ctx() ctx: Context,
    @Arg("input", () => UpdateChecksInput, { description: "Input for updateChecks." }) input: UpdateChecksInput,
  ): Promise<UpdateChecksPayload> {
    return { coupling: await ctx.mutate((ctx) => changes.updateChecks(ctx, input)) };
  }

  @Mutation(() => MoveCouplingPayload, {
    nullable: true,
    description: `Moves an app to another stage. ${requiresRole("moveCoupling")} ${requiresRole("moveCheckedCoupling", "Moving an app that has required checks")}`,
  })
  async moveCoupling(
    @Ctx() ctx: Context,
    @Arg("input", () => MoveCouplingInput, { description: "Input for moveCoupling." }) input: MoveCouplingInput,
  ): Promise<MoveCouplingPayload> {
    return { coupling: await ctx.mutate((ctx) => changes.moveCoupling(ctx, input)) };
  }

  @Mutation(() => SetAutoDeployPayload, {
    nullable: true,
    description: `Turns automatic deployment on or off. ${requiresRole("setAutoDeploy")}`,
  })
  async setAutoDeploy(
    @Ctx() ctx: Context,
    @Arg("input", () => SetAutoDeployInput, { description: "Input for setAutoDeploy." }) input: SetAutoDeployInput,
  ): Promise<SetAutoDeployPayload> {
    return { coupling: await ctx.mutate((ctx) => changes.setAutoDeploy(ctx, input)) };
  }

  @Mutation(() => RemoveCouplingPayload, {
    nullable: true,
    description: `Removes an app from its pipeline. ${requiresRole("removeCoupling")}`,
  })
  async removeCoupling(
    @Ctx() ctx: Context,
    @Arg("input", () => RemoveCouplingInput, { description: "Input for removeCoupling." }) input: RemoveCouplingInput,
  ): Promise<RemoveCouplingPayload> {
    const { id, pipeline } = await ctx.mutate((ctx) => couplings.removeCoupling(ctx, input));
    return { removedCouplingId: id, pipeline };
  }
}
