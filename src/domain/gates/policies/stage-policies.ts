import type { Tx } from "../../../database/rows/tx.js";
import type { ConfigParity, Stage } from "../../../entities/core/enums.js";
import { StagePolicy } from "../../../entities/gates/stage-policy.js";
import { append } from "../../../events/append.js";
import { changed } from "../../../events/draft.js";
import { permit } from "../../access/actions.js";
import { PARITIES } from "../../config-vars/parity.js";
import type { Ctx } from "../../core/context.js";
import { formatDuration, parseDuration } from "../../core/duration.js";
import { requirePipeline } from "../../core/references.js";
import { clearWaiting } from "../../promotions/clear-waiting.js";
import { findLoosened, largerIsStricter, type Strictness, stricterIn } from "../strictness.js";
import { MAX_SOAK_TIME } from "./soak-time.js";
import { defaultPolicy } from "./stage-policy-fact.js";

/** The fields of a policy, without its key and time. */
type Fields = Omit<StagePolicy, "pipelineId" | "stage" | "updatedAt">;

/** What loosens a policy. Every field of a policy belongs here. */
export const POLICY_STRICTNESS: Required<Strictness<Fields>> = {
  soakTime: largerIsStricter,
  configParity: stricterIn(PARITIES),
};

/** A field's value in a summary. */
const FORMATS: { readonly [K in keyof Fields]: (value: Fields[K]) => string } = {
  soakTime: (value) => (value === null ? "none" : formatDuration(value)),
  configParity: (value) => value,
};

export interface UpdateStagePolicyInput {
  readonly pipeline: string;
  readonly stage: Stage;
  /** Undefined keeps it; null or zero requires none. */
  readonly soakTime?: string | null;
  /** Undefined or null keeps it. */
  readonly configParity?: ConfigParity | null;
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
    const changes = (Object.keys(given) as (keyof Fields)[]).filter((field) => before[field] !== after[field]);
    if (changes.length === 0) return before;
    if (findLoosened<Fields>(POLICY_STRICTNESS, before, after).length > 0) permit(ctx.viewer, "loosenStagePolicy");
    await store(tx, after, stored !== null);
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
function parseFields({ soakTime, configParity }: UpdateStagePolicyInput): Partial<Fields> {
  return {
    ...(soakTime !== undefined && {
      soakTime: soakTime === null ? null : parseDuration("soakTime", soakTime, "0s", MAX_SOAK_TIME) || null,
    }),
    ...(configParity != null && { configParity }),
  };
}

async function store(tx: Tx, policy: StagePolicy, exists: boolean): Promise<void> {
  const { pipelineId, stage, ...fields } = policy;
  if (exists) await tx.update(StagePolicy, { pipelineId, stage }, fields);
  else await tx.insert(StagePolicy, [policy]);
}
