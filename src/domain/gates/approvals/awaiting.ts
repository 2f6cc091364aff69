import sql, { raw } from "sql-template-tag";
import type { Page, PageRequest } from "../../../database/rows/pages.js";
import { Promotion } from "../../../entities/releases/promotion.js";
import type { Ctx } from "../../core/context.js";
import { viewerAsVoter } from "./approvers.js";
import { explainWhyNot, findProgress } from "./progress.js";

/** How many waiting promotions are evaluated at a time. */
const BATCH_SIZE = 250;
/** How many waiting promotions one page evaluates. If too few of them match, the next page continues after them. */
const MAX_EVALUATED = 1000;
/** The work of evaluating one, in fields; see `FIELD_US`. */
const CANDIDATE_WORK = 10;

/** A page of the promotions that wait for an approval which the viewer may give. */
export interface AwaitingPage extends Page<Promotion> {
  /**
   * The last promotion that was evaluated, if the page ends there although it has fewer promotions than requested; null
   * otherwise.
   */
  readonly evaluatedTo: Promotion | null;
}

/**
 * Reads a page of the promotions that wait for an approval which the viewer may give, in the order of their creation.
 * Evaluates at most `MAX_EVALUATED` promotions that wait under approval rules.
 */
export async function readAwaiting(ctx: Ctx, request: PageRequest & { from: number | null }): Promise<AwaitingPage> {
  const { size, backward } = request;
  const rows: Promotion[] = [];
  const toPage = (more: boolean, evaluatedTo: Promotion | null): AwaitingPage => {
    return { rows: backward ? rows.reverse() : rows, more, evaluatedTo };
  };
  let last: Promotion | null = null;
  for (let evaluated = 0; evaluated < MAX_EVALUATED; evaluated += BATCH_SIZE) {
    const candidates: readonly Promotion[] = await readCandidates(ctx, last?.position ?? request.from, backward);
    const matching = new Set(await findMatching(ctx, candidates));
    for (const candidate of candidates) {
      if (!matching.has(candidate)) continue;
      if (rows.length === size) return toPage(true, null);
      rows.push(candidate);
    }
    if (candidates.length < BATCH_SIZE) return toPage(false, null);
    last = candidates.at(-1) ?? null;
  }
  return toPage(true, last);
}

/** Counts all promotions that wait for an approval which the viewer may give. */
export async function countAwaiting(ctx: Ctx): Promise<number> {
  let count = 0;
  let from: number | null = null;
  while (true) {
    const candidates: readonly Promotion[] = await readCandidates(ctx, from, false);
    count += (await findMatching(ctx, candidates)).length;
    const last = candidates.at(-1);
    if (last === undefined || candidates.length < BATCH_SIZE) return count;
    from = last.position;
  }
}

/** The next promotions that wait under approval rules, after a position. */
function readCandidates({ db: { reader } }: Ctx, from: number | null, backward: boolean): Promise<Promotion[]> {
  const after = from === null ? raw("") : sql`AND e.position ${raw(backward ? "<" : ">")} ${from}`;
  return reader.select(
    "promotions_awaiting_approval",
    Promotion,
    sql`WHERE e.phase = 'WAITING' AND EXISTS (
      SELECT 1 FROM approval_rules r WHERE r.pipeline_id = e.pipeline_id AND r.deleted_at IS NULL
    ) ${after} ORDER BY e.position ${raw(backward ? "DESC" : "ASC")} LIMIT ${BATCH_SIZE}`,
  );
}

/** Those that wait for an approval which the viewer may give. */
async function findMatching(
  { db: { reader }, viewer, now }: Ctx,
  candidates: readonly Promotion[],
): Promise<readonly Promotion[]> {
  if (candidates.length === 0) return [];
  reader.budget?.addWork(candidates.length * CANDIDATE_WORK);
  const voter = viewerAsVoter(viewer);
  const progress = await findProgress(reader, candidates, now());
  return candidates.filter((_, index) =>
    (progress[index] ?? []).some((one) => !one.met && explainWhyNot(one, voter) === null),
  );
}
