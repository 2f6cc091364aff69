import sql from "sql-template-tag";
import { Arg, Args, ArgsType, Ctx, Field, FieldResolver, ID, Mutation, Query, Resolver, Root } from "type-graphql";
import { isAutoDeployStage } from "../domain/builds/auto-deploy.js";
import { parseId } from "../domain/core/input.js";
import { findApp, requirePipeline } from "../domain/core/references.js";
import { badInput } from "../domain/core/refusal.js";
import * as couplings from "../domain/pipelines/couplings.js";
import { Stage } from "../entities/core/enums.js";
import { App } from "../entities/pipelines/app.js";
import { Coupling } from "../entities/pipelines/coupling.js";
import { Pipeline } from "../entities/pipelines/pipeline.js";
import { type Connection, CouplingConnection, PageArgs } from "../schema/connections.js";
import type { Context } from "../schema/context.js";
import {
  AddCouplingInput,
  MoveCouplingInput,
  RemoveCouplingInput,
  SetAutoDeployInput,
  UpdateChecksInput,
} from "../schema/inputs.js";
import { CouplingPayload, RemoveCouplingPayload } from "../schema/payloads.js";
import { COUPLINGS, listRows } from "./lists.js";
import { appOf, pipelineOf } from "./relations.js";

@ArgsType()
class CouplingsArgs extends PageArgs {
  @Field(() => ID, { nullable: true, description: "Only those of this pipeline, by id or name." })
  pipeline?: string | null;

  @Field(() => Stage, { nullable: true, description: "Only those in this stage." })
  stage?: Stage | null;
}

@Resolver(() => Coupling)
export class CouplingResolver {
  @Query(() => Coupling, {
    nullable: true,
    description: "By its own id, or by the app that it couples. Exactly one of the two.",
  })
  async coupling(
    @Ctx() ctx: Context,
    @Arg("id", () => ID, { nullable: true, description: "Its id." }) id: string | null,
    @Arg("app", () => ID, { nullable: true, description: "The app that it couples, by id or name." }) app:
      | string
      | null,
  ): Promise<Coupling | null> {
    if (id != null && app == null) return ctx.db.reader.first(Coupling, { id: parseId("id", id) });
    if (id != null || app == null)
      throw badInput(app == null ? "id" : "app", "Exactly one of id and app must be given.");
    const found = await findApp(ctx.db.reader, app);
    return found === null ? null : ctx.loaders.couplingOfApp.load(found.id);
  }

  @Query(() => CouplingConnection, { description: "In the order in which they were added." })
  async couplings(@Ctx() ctx: Context, @Args(() => CouplingsArgs) args: CouplingsArgs): Promise<Connection<Coupling>> {
    const conditions = [];
    if (args.pipeline != null) {
      const { id } = await requirePipeline(ctx.db.reader, "pipeline", args.pipeline);
      conditions.push(sql`e.pipeline_id = ${id}`);
    }
    if (args.stage != null) conditions.push(sql`e.stage = ${args.stage}`);
    return listRows(ctx, COUPLINGS, args, conditions);
  }

  @FieldResolver(() => Pipeline, { description: "The pipeline." })
  pipeline(@Root() { pipelineId }: Coupling, @Ctx() ctx: Context): Promise<Pipeline> {
    return pipelineOf(ctx, pipelineId);
  }

  @FieldResolver(() => Boolean, {
    description:
      "Whether a rollback holds the app's automatic deploys: it does until somebody releases or promotes onto the app, so that automation does not undo what a person decided.",
  })
  async autoDeployHeld(@Root() { appId, stage }: Coupling, @Ctx() ctx: Context): Promise<boolean> {
    return isAutoDeployStage(stage) && ctx.loaders.isRolledBack.load(appId);
  }

  @FieldResolver(() => App, { description: "The app." })
  app(@Root() { appId }: Coupling, @Ctx() ctx: Context): Promise<App> {
    return appOf(ctx, appId);
  }

  @Mutation(() => CouplingPayload, { description: "Places an app in a stage of a pipeline. Needs the role OPERATOR." })
  async addCoupling(
    @Ctx() ctx: Context,
    @Arg("input", () => AddCouplingInput, { description: "Which app, and where." }) input: AddCouplingInput,
  ): Promise<CouplingPayload> {
    return { coupling: await ctx.mutate((act) => couplings.addCoupling(act, input)) };
  }

  @Mutation(() => CouplingPayload, {
    description: "Replaces the required checks of an app. Needs the role OPERATOR, and ADMIN to leave one out.",
  })
  async updateChecks(
    @Ctx() ctx: Context,
    @Arg("input", () => UpdateChecksInput, { description: "The whole list." }) input: UpdateChecksInput,
  ): Promise<CouplingPayload> {
    return { coupling: await ctx.mutate((act) => couplings.updateChecks(act, input)) };
  }

  @Mutation(() => CouplingPayload, {
    description: "Moves an app to another stage. Needs the role OPERATOR, and ADMIN where it has required checks.",
  })
  async moveCoupling(
    @Ctx() ctx: Context,
    @Arg("input", () => MoveCouplingInput, { description: "Where to." }) input: MoveCouplingInput,
  ): Promise<CouplingPayload> {
    return { coupling: await ctx.mutate((act) => couplings.moveCoupling(act, input)) };
  }

  @Mutation(() => CouplingPayload, { description: "Switches automatic deploys on or off. Needs the role OPERATOR." })
  async setAutoDeploy(
    @Ctx() ctx: Context,
    @Arg("input", () => SetAutoDeployInput, { description: "On or off." }) input: SetAutoDeployInput,
  ): Promise<CouplingPayload> {
    return { coupling: await ctx.mutate((act) => couplings.setAutoDeploy(act, input)) };
  }

  @Mutation(() => RemoveCouplingPayload, { description: "Takes an app out of its pipeline. Needs the role ADMIN." })
  async removeCoupling(
    @Ctx() ctx: Context,
    @Arg("input", () => RemoveCouplingInput, { description: "Which one." }) input: RemoveCouplingInput,
  ): Promise<RemoveCouplingPayload> {
    const { id, pipeline } = await ctx.mutate((act) => couplings.removeCoupling(act, input));
    return { removedCouplingId: id, pipeline };
  }
}
