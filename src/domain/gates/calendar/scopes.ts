import sql from "sql-template-tag";
import type { Reader } from "../../../database/rows/reader.js";
import type { Tx } from "../../../database/rows/tx.js";
import type { Stage } from "../../../entities/core/enums.js";
import { GateScopeEntry, type ScopeIds, type ScopeKind } from "../../../entities/gates/gate-scope.js";
import type { TxCtx } from "../../core/context.js";
import { LIMITS } from "../../core/input.js";
import { requireApp, requirePipeline } from "../../core/references.js";
import { badInput } from "../../core/refusal.js";
import { STAGES } from "../../pipelines/stages.js";
import type { Target } from "../gate.js";

/* Where a window or freeze applies: pipelines, stages and apps. Every list that is not empty must match. */

/** A scope as a client gives it: pipelines and apps by id or name. */
export interface GateScopeInput {
  readonly pipelines?: readonly string[] | null;
  readonly stages?: readonly Stage[] | null;
  readonly apps?: readonly string[] | null;
}

/** A place that a gate may apply to. */
export interface GatePlace {
  readonly pipelineId: string;
  readonly stage: Stage;
  readonly appId: string;
}

export const EVERYWHERE: ScopeIds = { pipelines: [], stages: [], apps: [] };

/**
 * Finds the pipelines and apps of a scope. A viewer that is restricted to pipelines must name some of them, or apps in
 * them.
 *
 * @throws Refusal NOT_FOUND; BAD_USER_INPUT for lists that are too long, or if a restricted viewer names nothing
 */
export async function resolveScope(
  tx: Tx,
  { viewer }: TxCtx,
  input: GateScopeInput | null | undefined,
): Promise<ScopeIds> {
  const pipelines = await resolveAll(
    "pipelines",
    input?.pipelines,
    LIMITS.pipelinesOfScope,
    async (field, reference) => {
      return (await requirePipeline(tx, field, reference)).id;
    },
  );
  const apps = await resolveAll("apps", input?.apps, LIMITS.appsOfScope, async (field, reference) => {
    return (await requireApp(tx, field, reference)).id;
  });
  const given = new Set(input?.stages ?? []);
  if (viewer.scope !== null && pipelines.length === 0 && apps.length === 0) {
    const message = "scope must name pipelines or apps, because this token is restricted to pipelines.";
    throw badInput("scope.pipelines", message);
  }
  return { pipelines, stages: STAGES.filter((stage) => given.has(stage)), apps };
}

async function resolveAll(
  list: "pipelines" | "apps",
  references: readonly string[] | null | undefined,
  most: number,
  resolve: (field: string, reference: string) => Promise<string>,
): Promise<string[]> {
  if (references == null) return [];
  if (references.length > most) {
    throw badInput(`scope.${list}`, `scope.${list} must have at most ${most} entries; it has ${references.length}.`);
  }
  const ids = new Set<string>();
  for (const [index, reference] of references.entries()) ids.add(await resolve(`scope.${list}.${index}`, reference));
  return [...ids];
}

/** The place that a target is in. */
export function toPlace({ coupling }: Target): GatePlace {
  return coupling;
}

/** Whether a gate with this scope applies to a place. */
export function matchesScope(scope: ScopeIds, { pipelineId, stage, appId }: GatePlace): boolean {
  const has = <T>(list: readonly T[], value: T) => list.length === 0 || list.includes(value);
  return has(scope.pipelines, pipelineId) && has(scope.stages, stage) && has(scope.apps, appId);
}

/** Whether both scopes may match the same place. */
export function mayOverlap(a: ScopeIds, b: ScopeIds): boolean {
  const shares = <T>(one: readonly T[], other: readonly T[]) =>
    one.length === 0 || other.length === 0 || one.some((value) => other.includes(value));
  return shares(a.pipelines, b.pipelines) && shares(a.stages, b.stages) && shares(a.apps, b.apps);
}

/** Stores the scope of a window or freeze. Replaces an earlier one. */
export async function storeScope(tx: Tx, gateId: string, scope: ScopeIds): Promise<void> {
  await tx.delete(GateScopeEntry, { gateId });
  const entries = (kind: ScopeKind, subjects: readonly string[]) =>
    subjects.map((subject, ordinal) => Object.assign(new GateScopeEntry(), { gateId, kind, subject, ordinal }));
  await tx.insert(GateScopeEntry, [
    ...entries("PIPELINE", scope.pipelines),
    ...entries("STAGE", scope.stages),
    ...entries("APP", scope.apps),
  ]);
}

/** The scopes of windows and freezes, aligned with `gateIds`. */
export async function loadScopes(reader: Reader, gateIds: readonly string[]): Promise<ScopeIds[]> {
  if (gateIds.length === 0) return [];
  return toScopes(await reader.find(GateScopeEntry, { gateId: gateIds }), gateIds);
}

/** Converts entries to the scopes of windows and freezes, aligned with `gateIds`. */
export function toScopes(entries: readonly GateScopeEntry[], gateIds: readonly string[]): ScopeIds[] {
  const sorted = [...entries].sort((a, b) => a.ordinal - b.ordinal);
  const scopes = new Map(
    gateIds.map((id) => [id, { PIPELINE: [], STAGE: [], APP: [] } as Record<ScopeKind, string[]>]),
  );
  for (const { gateId, kind, subject } of sorted) scopes.get(gateId)?.[kind].push(subject);
  return gateIds.map((id) => {
    const { PIPELINE = [], STAGE = [], APP = [] } = scopes.get(id) ?? {};
    return { pipelines: PIPELINE, stages: STAGE as Stage[], apps: APP };
  });
}

/** The scope of one window or freeze. */
export async function loadScope(reader: Reader, gateId: string): Promise<ScopeIds> {
  const [scope] = await loadScopes(reader, [gateId]);
  return scope ?? EVERYWHERE;
}

/**
 * Removes a deleted pipeline or app from all scopes. The last entry of a list stays: without it the window or freeze
 * would apply to more than before.
 *
 * @returns the ids of the windows and freezes that apply to nothing else, and must end
 */
export async function removeFromScopes(tx: Tx, kind: "PIPELINE" | "APP", subject: string): Promise<string[]> {
  const entries = await tx.find(GateScopeEntry, { kind, subject });
  if (entries.length === 0) return [];
  const gates = entries.map(({ gateId }) => gateId);
  const others = await tx.select(
    "other_scope_entries",
    GateScopeEntry,
    sql`WHERE e.kind = ${kind} AND e.subject <> ${subject} AND ${tx.dialect.oneOf(sql`e.gate_id`, gates)}`,
  );
  const kept = [...new Set(others.map(({ gateId }) => gateId))];
  await tx.delete(GateScopeEntry, { gateId: kept, kind, subject });
  return gates.filter((id) => !kept.includes(id));
}
