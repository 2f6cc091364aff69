import { Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import { loadScopes } from "../../domain/gates/calendar/scopes.js";
import { GateScope, type ScopeIds } from "../../entities/gates/gate-scope.js";
import { App } from "../../entities/pipelines/app.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import type { Context } from "../../schema/context.js";
import { loadLivePipelines } from "../relations.js";

@Resolver(() => GateScope)
export class GateScopeResolver {
  @FieldResolver(() => [Pipeline], { description: "The pipelines; empty for all." })
  async pipelines(@Root() scope: ScopeIds, @Ctx() ctx: Context): Promise<Pipeline[]> {
    return (await loadLivePipelines(ctx, scope.pipelines)) ?? [];
  }

  @FieldResolver(() => [App], { description: "The apps; empty for all." })
  async apps(@Root() scope: ScopeIds, @Ctx() ctx: Context): Promise<App[]> {
    const apps = await Promise.all(scope.apps.map((id) => ctx.loaders.app.load(id)));
    return apps.filter((app) => app !== null && app.deletedAt === null) as App[];
  }
}

/** The scope of a window or freeze, as far as the viewer sees it. */
export function loadGateScope(ctx: Context, gateId: string): Promise<ScopeIds> {
  return ctx.loaders.computed.load(loadScopes, gateId);
}
