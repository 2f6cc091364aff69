import { evaluateState, hasRules, loadRulesNow } from "../../domain/gates/gate-state.js";
import type { GateState } from "../../entities/gates/gate-state.js";
import type { Coupling } from "../../entities/pipelines/coupling.js";
import type { Context } from "../../schema/context.js";

/** Whether windows and freezes let deployments to apps begin. An app that is not visible any more is left out. */
export async function loadGateState(
  ctx: Context,
  loadCouplings: () => Promise<readonly Coupling[]>,
): Promise<GateState> {
  const rules = await ctx.loaders.computed.load(loadRulesNow, "all");
  if (!hasRules(rules)) return evaluateState(rules, []);
  const targets = (await loadCouplings()).map(async (coupling) => {
    const app = await ctx.loaders.app.load(coupling.appId);
    return app === null ? [] : [{ coupling, app }];
  });
  return evaluateState(rules, (await Promise.all(targets)).flat());
}
