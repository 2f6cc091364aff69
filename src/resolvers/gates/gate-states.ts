import { evaluateState, hasRules, loadRulesNow } from "../../domain/gates/calendar/state.js";
import type { GateState } from "../../entities/gates/gate-state.js";
import type { Coupling } from "../../entities/pipelines/coupling.js";
import type { Context } from "../../schema/context.js";

/** Whether windows and freezes allow deployments to apps. Apps that are no longer visible are ignored. */
export async function loadGateState(
  ctx: Context,
  loadCouplings: () => Promise<readonly Coupling[]>,
): Promise<GateState> {
  const rules = await ctx.loaders.computed.load(loadRulesNow, "all");
  if (!hasRules(rules)) return evaluateState(rules, []);
  const couplings = await loadCouplings();
  const apps = await Promise.all(couplings.map(({ appId }) => ctx.loaders.app.load(appId)));
  return evaluateState(
    rules,
    couplings.flatMap((coupling, index) => {
      const app = apps[index] ?? null;
      return app === null ? [] : [{ coupling, app }];
    }),
  );
}

/** Whether windows and freezes allow deployments to one app. */
export async function loadGateStateOfApp(ctx: Context, coupling: Coupling): Promise<GateState> {
  const rules = await ctx.loaders.computed.load(loadRulesNow, "all");
  const app = hasRules(rules) ? await ctx.loaders.app.load(coupling.appId) : null;
  return evaluateState(rules, app === null ? [] : [{ coupling, app }]);
}
