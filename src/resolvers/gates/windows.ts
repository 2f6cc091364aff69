import sql from "sql-template-tag";
import { Arg, Args, ArgsType, Ctx, Field, FieldResolver, ID, Int, Mutation, Query, Resolver, Root } from "type-graphql";
import { permit } from "../../domain/access/actions.js";
import { badInput } from "../../domain/core/refusal.js";
import { evaluateWindows, listOccurrences } from "../../domain/gates/windows/activity.js";
import * as windows from "../../domain/gates/windows/windows.js";
import { findWindow } from "../../domain/gates/windows/windows.js";
import { WindowKind } from "../../entities/core/enums.js";
import { DeploymentWindow, TimeInterval } from "../../entities/gates/deployment-window.js";
import { GateScope, type ScopeIds } from "../../entities/gates/gate-scope.js";
import { type Connection, DeploymentWindowConnection, PAGE_SIZE, PageArgs } from "../../schema/connections.js";
import type { Context } from "../../schema/context.js";
import {
  CreateDeploymentWindowInput,
  DeleteDeploymentWindowInput,
  UpdateDeploymentWindowInput,
} from "../../schema/inputs/gates/gates.js";
import {
  CreateDeploymentWindowPayload,
  DeleteDeploymentWindowPayload,
  UpdateDeploymentWindowPayload,
} from "../../schema/payloads/gates.js";
import { requiresRole } from "../../schema/roles.js";
import { listRows, WINDOWS } from "../lists.js";
import { loadGateScope } from "./scopes.js";

@ArgsType()
class DeploymentWindowsArgs extends PageArgs {
  @Field(() => WindowKind, { nullable: true, description: "Only windows of this kind." })
  kind?: WindowKind | null;
}

/** The work of finding an occurrence, in fields; see `FIELD_US`. */
const OCCURRENCE_WORK = 6;

@Resolver(() => DeploymentWindow)
export class DeploymentWindowResolver {
  @Query(() => DeploymentWindow, {
    nullable: true,
    description: "Finds a deployment window; null if it does not exist.",
  })
  deploymentWindow(
    @Ctx() ctx: Context,
    @Arg("window", () => ID, { description: "The window's id or name." }) window: string,
  ): Promise<DeploymentWindow | null> {
    permit(ctx.viewer, "read");
    return findWindow(ctx.db.reader, window);
  }

  @Query(() => DeploymentWindowConnection, { description: "Lists deployment windows, oldest first." })
  deploymentWindows(
    @Ctx() ctx: Context,
    @Args(() => DeploymentWindowsArgs) args: DeploymentWindowsArgs,
  ): Promise<Connection<DeploymentWindow>> {
    const kind = args.kind == null ? [] : [sql`e.kind = ${args.kind}`];
    return listRows(ctx, WINDOWS, args, [sql`e.deleted_at IS NULL`, ...kind]);
  }

  @FieldResolver(() => GateScope, { description: "Where it applies." })
  scope(@Root() { id }: DeploymentWindow, @Ctx() ctx: Context): Promise<ScopeIds> {
    return loadGateScope(ctx, id);
  }

  @FieldResolver(() => Boolean, { description: "Whether it is active now." })
  async active(@Root() window: DeploymentWindow, @Ctx() ctx: Context): Promise<boolean> {
    return (await ctx.loaders.computed.load(evaluateWindows, window)).active;
  }

  @FieldResolver(() => String, {
    nullable: true,
    description:
      "Why it cannot be evaluated, for example because the host does not know its time zone. Then it blocks. Null if it can.",
  })
  async problem(@Root() window: DeploymentWindow, @Ctx() ctx: Context): Promise<string | null> {
    return (await ctx.loaders.computed.load(evaluateWindows, window)).problem;
  }

  @FieldResolver(() => Date, {
    nullable: true,
    description: "When it next begins or ends; null if that is not within about two years.",
  })
  async nextChangeAt(@Root() window: DeploymentWindow, @Ctx() ctx: Context): Promise<Date | null> {
    const { until } = await ctx.loaders.computed.load(evaluateWindows, window);
    return until === null ? null : new Date(until);
  }

  @FieldResolver(() => [TimeInterval], { description: "The times at which it is active, from now on." })
  async occurrences(
    @Root() window: DeploymentWindow,
    @Ctx() ctx: Context,
    @Arg("first", () => Int, { defaultValue: 10, description: "How many: 0 to 100." }) first: number,
  ): Promise<TimeInterval[]> {
    if (first < 0 || first > PAGE_SIZE.max) {
      throw badInput("first", `first must be between 0 and ${PAGE_SIZE.max}; got ${first}.`);
    }
    if ((await ctx.loaders.computed.load(evaluateWindows, window)).problem !== null) return [];
    if (ctx.resultSize.stopped) return [];
    ctx.resultSize.addWork(first * OCCURRENCE_WORK);
    return listOccurrences(window, ctx.now(), first);
  }

  @Mutation(() => CreateDeploymentWindowPayload, {
    nullable: true,
    description: `Creates a deployment window. ${requiresRole("createDeploymentWindow")} ${requiresRole("loosenDeploymentWindow", "Adding an ALLOW window where another one applies")}`,
  })
  async createDeploymentWindow(
    @Ctx() ctx: Context,
    @Arg("input", () => CreateDeploymentWindowInput, { description: "Input for createDeploymentWindow." })
    input: CreateDeploymentWindowInput,
  ): Promise<CreateDeploymentWindowPayload> {
    return { window: await ctx.mutate((ctx) => windows.createDeploymentWindow(ctx, input)) };
  }

  @Mutation(() => UpdateDeploymentWindowPayload, {
    nullable: true,
    description: `Updates a deployment window. ${requiresRole("updateDeploymentWindow")} ${requiresRole("loosenDeploymentWindow", "A change that may allow more deployments")}`,
  })
  async updateDeploymentWindow(
    @Ctx() ctx: Context,
    @Arg("input", () => UpdateDeploymentWindowInput, { description: "Input for updateDeploymentWindow." })
    input: UpdateDeploymentWindowInput,
  ): Promise<UpdateDeploymentWindowPayload> {
    return { window: await ctx.mutate((ctx) => windows.updateDeploymentWindow(ctx, input)) };
  }

  @Mutation(() => DeleteDeploymentWindowPayload, {
    nullable: true,
    description: `Deletes a deployment window. ${requiresRole("deleteDeploymentWindow")}`,
  })
  async deleteDeploymentWindow(
    @Ctx() ctx: Context,
    @Arg("input", () => DeleteDeploymentWindowInput, { description: "Input for deleteDeploymentWindow." })
    input: DeleteDeploymentWindowInput,
  ): Promise<DeleteDeploymentWindowPayload> {
    return { deletedWindowId: await ctx.mutate((ctx) => windows.deleteDeploymentWindow(ctx, input)) };
  }
}
