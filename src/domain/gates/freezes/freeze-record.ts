import type { Reader } from "../../../database/rows/reader.js";
import { Freeze } from "../../../entities/gates/freeze.js";
import { Coupling } from "../../../entities/pipelines/coupling.js";
import { loadScopes } from "../calendar/scopes.js";
import { isInForce } from "./freeze-gate.js";

/**
 * The first freeze in force on each app, to record it with a release that it does not block: a rollback, a forced
 * release or an exempt one. One statement if there is no freeze.
 */
export async function findFreezesInForce(
  reader: Reader,
  now: Date,
  appIds: readonly string[],
): Promise<ReadonlyMap<string, Freeze>> {
  const freezes = await reader.find(Freeze, { ended: false }, { order: "position" });
  if (freezes.length === 0) return new Map();
  const scopes = await loadScopes(
    reader,
    freezes.map(({ id }) => id),
  );
  const couplings = await reader.find(Coupling, { appId: [...appIds] });
  const found = new Map<string, Freeze>();
  for (const [index, freeze] of freezes.entries()) {
    const scope = scopes[index];
    for (const coupling of couplings) {
      const applies = scope !== undefined && isInForce(now, coupling, { freeze, scope });
      if (applies && !found.has(coupling.appId)) found.set(coupling.appId, freeze);
    }
  }
  return found;
}
