import sql from "sql-template-tag";
import { columns } from "../../../database/rows/raw-rows.js";
import type { Reader } from "../../../database/rows/reader.js";
import { DeploymentWindow } from "../../../entities/gates/deployment-window.js";
import { Freeze, FreezeExemption } from "../../../entities/gates/freeze.js";
import type { ScopeKind } from "../../../entities/gates/gate-scope.js";
import type { Fact } from "../gate.js";
import { GateRules } from "./applicable-rules.js";
import { EVERYWHERE, toScopes } from "./scopes.js";

const LIVE = columns({ kind: "text", gate_id: "text", list: "text", subject: "text", ordinal: "integer" });

/** Loads the windows and freezes that the reader may see. One statement if there are none, and at most four. */
export async function loadGateRules(reader: Reader): Promise<GateRules> {
  const live = await reader.query(
    "live_gates",
    LIVE,
    sql`SELECT 'window' AS kind, '' AS gate_id, '' AS list, '' AS subject, 0 AS ordinal
        WHERE EXISTS (SELECT 1 FROM deployment_windows WHERE deleted_at IS NULL)
      UNION ALL SELECT 'freeze', '', '', '', 0 WHERE EXISTS (SELECT 1 FROM freezes WHERE ended = ${false})
      UNION ALL SELECT 'exemption', '', '', '', 0 WHERE EXISTS (
        SELECT 1 FROM freezes f JOIN freeze_exemptions x ON x.freeze_id = f.id WHERE f.ended = ${false})
      UNION ALL SELECT 'scope', s.gate_id, s.kind, s.subject, s.ordinal FROM gate_scopes s WHERE s.gate_id IN (
        SELECT id FROM deployment_windows WHERE deleted_at IS NULL
        UNION ALL SELECT id FROM freezes WHERE ended = ${false})`,
  );
  const has = (kind: string) => live.some((row) => row.kind === kind);
  const windows = has("window") ? await reader.find(DeploymentWindow, { deletedAt: null }, { order: "position" }) : [];
  const freezes = has("freeze") ? await reader.find(Freeze, { ended: false }, { order: "position" }) : [];
  const freezeId = freezes.map(({ id }) => id);
  const exemptions = has("exemption") ? await reader.find(FreezeExemption, { freezeId }) : [];
  const entries = live
    .filter(({ kind }) => kind === "scope")
    .map(({ gate_id, list, subject, ordinal }) => ({ gateId: gate_id, kind: list as ScopeKind, subject, ordinal }));
  const scopes = toScopes(entries, [...windows.map(({ id }) => id), ...freezeId]);
  return new GateRules(
    windows.map((window, index) => ({ window, scope: scopes[index] ?? EVERYWHERE })),
    freezes.map((freeze, index) => ({
      freeze,
      scope: scopes[windows.length + index] ?? EVERYWHERE,
      exemptions: exemptions.filter(({ freezeId }) => freezeId === freeze.id),
    })),
  );
}

/** The windows and freezes, the same for every subject. */
export const gateRulesFact: Fact<GateRules> = {
  name: "windows and freezes",
  async load(reader, subjects) {
    const rules = await loadGateRules(reader);
    return subjects.map(() => rules);
  },
};
