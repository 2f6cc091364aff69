import sql from "sql-template-tag";
import type { Reader } from "../../../database/rows/reader.js";
import { checkRows, limitTo } from "../../../database/rows/row-budget.js";
import type { Blocker } from "../../../entities/releases/plan.js";
import type { Promotion } from "../../../entities/releases/promotion.js";
import { PromotionTarget } from "../../../entities/releases/promotion-target.js";
import { createBlocker } from "../../gates/blocker.js";
import { evaluateResolved } from "../evaluation.js";
import { resolveWaiting } from "./resolve-waiting.js";

/** The blocker of a promotion that cannot be evaluated. */
const UNKNOWN = createBlocker({
  code: "GATE_FAILED",
  message: "The promotion could not be evaluated: its pipeline, source app, build or release was not found.",
  remedies: [],
});

/**
 * What blocks each promotion now or, if it is in progress, its next wave; empty if no target waits. Uses the same
 * function as the admission of promotions. The number of statements does not depend on the number of promotions.
 */
export async function explainWaiting(
  reader: Reader,
  promotions: readonly Promotion[],
  now: Date,
): Promise<(readonly Blocker[])[]> {
  const waiting = promotions.filter(({ wakeAt }) => wakeAt !== null);
  if (waiting.length === 0) return promotions.map(() => []);
  const { budget } = reader;
  const ids = waiting.map(({ id }) => id);
  const found = await reader.select(
    "targets_of_waiting",
    PromotionTarget,
    sql`WHERE ${reader.dialect.oneOf(sql`e.promotion_id`, ids)} ORDER BY e.position ${limitTo(budget)}`,
  );
  const targets = checkRows(budget, found);
  const resolved = await resolveWaiting(reader, waiting, targets);
  const known = resolved.filter((one) => one !== null);
  const verdicts = await evaluateResolved(reader, now, known);
  const blockers = new Map(known.map(({ promotion }, index) => [promotion?.id, verdicts[index]?.blockers]));
  return promotions.map(({ id, wakeAt }) => (wakeAt === null ? [] : (blockers.get(id) ?? [UNKNOWN])));
}
