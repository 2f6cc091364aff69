import sql from "sql-template-tag";
import { columns } from "../../database/rows/raw-rows.js";
import type { Reader } from "../../database/rows/reader.js";
import { ConfigKey } from "../../entities/config-vars/config-var.js";
import { permit } from "../access/actions.js";
import type { Ctx } from "../core/context.js";
import { groupBy } from "../core/group-by.js";
import { type KeyRing, refuseWithoutKeys } from "./key-ring.js";

/** How many keys one transaction re-encrypts. */
const BATCH_SIZE = 200;

export interface RotateConfigKeysInput {
  /** Whether only to count. */
  readonly dryRun?: boolean | null;
}

export interface RotationResult {
  /** The name of the key that encrypts now. */
  readonly key: string;
  /** How many keys of apps and pipelines were re-encrypted with it. */
  readonly rotated: number;
  /** The names of keys that are still needed and missing from CONFIG_KEYS. */
  readonly missing: string[];
}

/**
 * Encrypts every key of an app or pipeline with the first key of CONFIG_KEYS, in batches. Values are not encrypted
 * again, because their keys stay the same. Can be interrupted and repeated at any time.
 *
 * @throws Refusal CONFLICT without CONFIG_KEYS
 */
export async function rotateConfigKeys(ctx: Ctx, input: RotateConfigKeysInput): Promise<RotationResult> {
  permit(ctx.viewer, "rotateConfigKeys");
  const { keyRing = null } = ctx;
  if (keyRing === null) throw refuseWithoutKeys();
  let rotated = 0;
  let after = "";
  for (;;) {
    const batch = await ctx.db.write(async (tx) => {
      const rows = await tx.select(
        "config_keys_to_rotate",
        ConfigKey,
        sql`WHERE e.wrapped_by <> ${keyRing.current} AND e.subject_id > ${after}
          ORDER BY e.subject_id LIMIT ${BATCH_SIZE} ${tx.dialect.lock("change")}`,
      );
      let done = 0;
      for (const row of rows) {
        const fresh = keyRing.rewrap(row);
        if (fresh === null) continue;
        if (input.dryRun !== true) await tx.update(ConfigKey, { subjectId: row.subjectId }, fresh);
        done += 1;
      }
      return { done, last: rows.at(-1)?.subjectId ?? null };
    });
    rotated += batch.done;
    if (batch.last === null) break;
    after = batch.last;
  }
  const missing = [...(await findMissingKeys(ctx.db.reader, keyRing)).keys()];
  return { key: keyRing.current, rotated, missing };
}

const SUBJECTS = columns({ wrapped_by: "text", name: "text" });

/**
 * The keys that are needed but missing from CONFIG_KEYS, or that are different there, each with the names of the apps
 * and pipelines whose keys it encrypts.
 */
export async function findMissingKeys(
  reader: Reader,
  keyRing: KeyRing | null,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const missing: string[] = [];
  const samples = await reader.select(
    "config_keys_by_wrapper",
    ConfigKey,
    sql`WHERE e.subject_id IN (SELECT MIN(k.subject_id) FROM config_keys k GROUP BY k.wrapped_by) ORDER BY e.wrapped_by`,
  );
  for (const sample of samples) {
    if (keyRing === null || keyRing.unwrap(sample) === null) missing.push(sample.wrappedBy);
  }
  if (missing.length === 0) return new Map();
  const rows = await reader.query(
    "subjects_of_missing_keys",
    SUBJECTS,
    sql`SELECT k.wrapped_by, COALESCE(a.name, p.name) AS name FROM config_keys k
      LEFT JOIN apps a ON a.id = k.subject_id LEFT JOIN pipelines p ON p.id = k.subject_id
      WHERE ${reader.dialect.oneOf(sql`k.wrapped_by`, missing)} ORDER BY k.wrapped_by, name`,
  );
  const byKey = groupBy(rows, (row) => row.wrapped_by);
  return new Map([...byKey].map(([key, subjects]) => [key, subjects.map((row) => row.name)]));
}
