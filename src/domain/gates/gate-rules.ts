import sql from "sql-template-tag";
import { columns } from "../../database/rows/raw-rows.js";
import type { Reader } from "../../database/rows/reader.js";
import { DeploymentWindow } from "../../entities/gates/deployment-window.js";
import { Freeze, FreezeExemption } from "../../entities/gates/freeze.js";
import type { ScopeIds } from "../../entities/gates/gate-scope.js";
import type { Fact } from "./gate.js";
import { EVERYWHERE, loadScopes } from "./scopes.js";

/** A live window and where it applies. */
export interface ScopedWindow {
  readonly window: DeploymentWindow;
  readonly scope: ScopeIds;
}

/** A freeze that has not ended, perhaps one that begins later, and where it applies. */
export interface ScopedFreeze {
  readonly freeze: Freeze;
  readonly scope: ScopeIds;
  /** Also those that have expired. */
  readonly exemptions: readonly FreezeExemption[];
}

/** The windows and freezes that may hold something back, in the order of their creation. */
export interface GateRules {
  readonly windows: readonly ScopedWindow[];
  readonly freezes: readonly ScopedFreeze[];
}

const KINDS = columns({ kind: "text" });

/** Loads the windows and freezes that the reader may see. One statement if there are none, and at most five. */
export async function loadGateRules(reader: Reader): Promise<GateRules> {
  const kinds = await reader.query(
    "kinds_of_live_gates",
    KINDS,
    sql`SELECT 'window' AS kind WHERE EXISTS (SELECT 1 FROM deployment_windows WHERE deleted_at IS NULL)
      UNION ALL SELECT 'freeze' AS kind WHERE EXISTS (SELECT 1 FROM freezes WHERE ended = ${false})`,
  );
  const has = (kind: string) => kinds.some((row) => row.kind === kind);
  const windows = has("window") ? await reader.find(DeploymentWindow, { deletedAt: null }, { order: "position" }) : [];
  const freezes = has("freeze") ? await reader.find(Freeze, { ended: false }, { order: "position" }) : [];
  const freezeId = freezes.map(({ id }) => id);
  const scopes = await loadScopes(reader, [...windows.map(({ id }) => id), ...freezeId]);
  const exemptions = freezeId.length === 0 ? [] : await reader.find(FreezeExemption, { freezeId });
  return {
    windows: windows.map((window, index) => ({ window, scope: scopes[index] ?? EVERYWHERE })),
    freezes: freezes.map((freeze, index) => ({
      freeze,
      scope: scopes[windows.length + index] ?? EVERYWHERE,
      exemptions: exemptions.filter(({ freezeId }) => freezeId === freeze.id),
    })),
  };
}

/** The windows and freezes, the same for every subject. */
export const gateRulesFact: Fact<GateRules> = {
  name: "windows and freezes",
  async load(reader, subjects) {
    const rules = await loadGateRules(reader);
    return subjects.map(() => rules);
  },
};
