import type { Tx } from "../../../database/rows/tx.js";
import type { ConfigParity, Stage } from "../../../entities/core/enums.js";
import { StagePolicy } from "../../../entities/gates/stage-policy.js";
import { append } from "../../../events/append.js";
import { changed } from "../../../events/draft.js";
import { permit } from "../../access/actions.js";
import { PARITIES } from "../../config-vars/parity.js";
import type { Ctx } from "../../core/context.js";
import { LIMITS, parseWhole } from "../../core/input.js";
import { requirePipeline } from "../../core/references.js";
import { formatDuration, parseDuration } from "../../core/values/duration.js";
import { clearWaiting } from "../../promotions/waiting/clear-waiting.js";
import { parseWave } from "../../rollouts/app-settings.js";
import { promoteLater } from "../../rollouts/automation/promote-later.js";
import {
  findLoosened,
  largerIsStricter,
  offIsStricter,
  onIsStricter,
  type Strictness,
  smallerIsStricter,
  stricterIn,
} from "../strictness.js";
import { MAX_SOAK_TIME } from "./soak-time.js";
import { defaultPolicy } from "./stage-policy-fact.js";

/** The longest pause between waves, and between automatic promotions. */
const MAX_PAUSE = "30d";

/** The fields of a policy, without its key and time. */
type Fields = Omit<StagePolicy, "pipelineId" | "stage" | "updatedAt">;

/** What loosens a policy. Every field of a policy must be listed here. */
export const POLICY_STRICTNESS: Required<Strictness<Fields>> = {
  soakTime: largerIsStricter,
  configParity: stricterIn(PARITIES),
  requireVerified: onIsStricter,
  autoPromote: offIsStricter,
  autoPromoteEvery: largerIsStricter,
  maxParallel: smallerIsStricter,
  maxFailures: smallerIsStricter,
  pauseBetweenWaves: largerIsStricter,
  manualWaves: (before, after) => before.some((wave) => !after.includes(wave)),
};

/** A field's value in a summary. */
const FORMATS: { readonly [K in keyof Fields]: (value: Fields[K]) => string } = {
  configParity: (value) => value,
  soakTime: formatTime,
  requireVerified: formatState,
  autoPromote: formatState,
  autoPromoteEvery: formatTime,
  maxParallel: (value) => String(value ?? "unlimited"),
  maxFailures: String,
  pauseBetweenWaves: formatTime,
  manualWaves: (value) => value.join(", ") || "none",
};

function formatState(value: boolean): string {
  return value ? "on" : "off";
}

function formatTime(value: number | null): string {
  return value === null ? "none" : formatDuration(value);
}

export interface UpdateStagePolicyInput {
  readonly pipeline: string;
  readonly stage: Stage;
  /** Undefined keeps it; null or zero requires none. */
  readonly soakTime?: string | null;
  /** Undefined or null keeps it. */
  readonly configParity?: ConfigParity | null;
  /** Undefined or null keeps it. */
  readonly requireVerified?: boolean | null;
  /** Undefined or null keeps it. */
  readonly autoPromote?: boolean | null;
  /** Undefined keeps it; null or zero for no limit. */
  readonly autoPromoteEvery?: string | null;
  /** Undefined keeps it; null for all of a wave. */
  readonly maxParallel?: number | null;
  /** Undefined or null keeps it. */
  readonly maxFailures?: number | null;
  /** Undefined keeps it; null or zero for no pause. */
  readonly pauseBetweenWaves?: string | null;
  /** Undefined or null keeps them. */
  readonly manualWaves?: readonly number[] | null;
}

/**
 * Changes the given fields of a stage's policy.
 *
 * @throws Refusal FORBIDDEN if a field is loosened and the viewer is not ADMIN
 */
export async function updateStagePolicy(ctx: Ctx, input: UpdateStagePolicyInput): Promise<StagePolicy> {
  permit(ctx.viewer, "updateStagePolicy");
  const given = parseFields(input);
  return ctx.db.write(async (tx) => {
    const pipeline = await requirePipeline(tx, "pipeline", input.pipeline, { lock: "change" });
    const where = { pipelineId: pipeline.id, stage: input.stage };
    const stored = await tx.first(StagePolicy, where);
    const before = stored ?? defaultPolicy(pipeline, input.stage);
    const after = Object.assign(new StagePolicy(), before, given, { updatedAt: ctx.now() });
    const changes = (Object.keys(given) as (keyof Fields)[]).filter(
      (field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]),
    );
    if (changes.length === 0) return before;
    if (findLoosened<Fields>(POLICY_STRICTNESS, before, after).length > 0) permit(ctx.viewer, "loosenStagePolicy");
    await store(tx, after, stored !== null);
    if (after.autoPromote) await promoteLater(tx, { pipelineId: pipeline.id });
    const parts = changes.map((field) => `${field} ${format(field, before)} → ${format(field, after)}`);
    const summary = `Policy of ${input.stage} of ${pipeline.name}: ${parts.join(", ")}`;
    await append(tx, ctx.viewer, after.updatedAt, [
      changed("STAGE_POLICY_UPDATED", pipeline, summary, { pipelineId: pipeline.id }),
      ...(await clearWaiting(tx, ctx, { pipelines: [pipeline.id] })),
    ]);
    return after;
  });
}

function format<K extends keyof Fields>(field: K, policy: Fields): string {
  return FORMATS[field](policy[field]);
}

/** The fields that were given, parsed. */
function parseFields(input: UpdateStagePolicyInput): Partial<Fields> {
  const { soakTime, configParity, requireVerified, maxParallel, maxFailures, pauseBetweenWaves, manualWaves } = input;
  return {
    ...(soakTime !== undefined && { soakTime: parseTime("soakTime", soakTime, MAX_SOAK_TIME) }),
    ...(requireVerified != null && { requireVerified }),
    ...(input.autoPromote != null && { autoPromote: input.autoPromote }),
    ...(input.autoPromoteEvery !== undefined && {
      autoPromoteEvery: parseTime("autoPromoteEvery", input.autoPromoteEvery, MAX_PAUSE),
    }),
    ...(maxParallel !== undefined && {
      maxParallel: maxParallel === null ? null : parseWhole("maxParallel", maxParallel, 1, LIMITS.targets),
    }),
    ...(configParity != null && { configParity }),
    ...(maxFailures != null && { maxFailures: parseWhole("maxFailures", maxFailures, 0, LIMITS.targets) }),
    ...(pauseBetweenWaves !== undefined && {
      pauseBetweenWaves: parseTime("pauseBetweenWaves", pauseBetweenWaves, MAX_PAUSE),
    }),
    ...(manualWaves != null && { manualWaves: parseWaves(manualWaves) }),
  };
}

/** A time of zero is none. */
function parseTime(field: string, value: string | null, max: string): number | null {
  return value === null ? null : parseDuration(field, value, "0s", max) || null;
}

/** Waves in ascending order, without duplicates. */
function parseWaves(waves: readonly number[]): number[] {
  return [...new Set(waves.map((wave, index) => parseWave(`manualWaves.${index}`, wave)))].sort((a, b) => a - b);
}

async function store(tx: Tx, policy: StagePolicy, exists: boolean): Promise<void> {
  const { pipelineId, stage, ...fields } = policy;
  if (exists) await tx.update(StagePolicy, { pipelineId, stage }, fields);
  else await tx.insert(StagePolicy, [policy]);
}
