import { createHash } from "node:crypto";
import sql from "sql-template-tag";
import type { EntityClass, Where } from "../../database/rows/entity-mapper.js";
import type { Tx } from "../../database/rows/tx.js";
import { IdempotencyKey } from "../../entities/core/idempotency-key.js";
import type { Ctx } from "./context.js";
import { LIMITS, parseLine } from "./input.js";
import { conflict, notFound, Refusal } from "./refusal.js";

/** How long a key is remembered, in milliseconds: 24 hours. */
export const KEY_LIFETIME_MS = 24 * 60 * 60 * 1000;

/**
 * Runs a mutation in one transaction, at most once for each idempotency key of a token. A repeat with the same input
 * returns the row of the first result, as it was then. The key is written in the same transaction: a refused mutation
 * leaves it unused, and if two mutations run at once, the second one waits and returns the result of the first.
 *
 * @param entity the class of the row that the mutation returns
 * @throws Refusal IDEMPOTENCY_KEY_REUSED if the key was used with another mutation or input
 */
export async function withIdempotency<T extends { id: string }>(
  ctx: Ctx,
  mutation: string,
  input: { readonly idempotencyKey?: string | null },
  entity: EntityClass<T>,
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  const { idempotencyKey, ...rest } = input;
  const { tokenId } = ctx.viewer;
  if (idempotencyKey == null || tokenId === null) return ctx.db.write(work);
  const key = parseLine("idempotencyKey", idempotencyKey, LIMITS.idempotencyKey);
  const inputHash = createHash("sha256")
    .update(`${mutation} ${canonical(rest)}`)
    .digest("hex");
  return ctx.db.write(async (tx) => {
    const now = ctx.now();
    const prior = await tx.first(IdempotencyKey, { tokenId, key });
    if (prior !== null && now.getTime() - prior.createdAt.getTime() < KEY_LIFETIME_MS) {
      if (prior.inputHash !== inputHash) {
        throw new Refusal(
          "IDEMPOTENCY_KEY_REUSED",
          "idempotencyKey was used with another input. Repeat the first input, or choose a new key.",
          { field: "idempotencyKey" },
        );
      }
      const answer = tx.table(entity).fromRow(JSON.parse(prior.answer ?? "null"));
      await requireExisting(ctx, tx, entity, answer);
      return answer;
    }
    // Only an expired key: the first mutation may have committed since the read above.
    const expired = now.getTime() - KEY_LIFETIME_MS;
    await tx.deleteWhere(
      IdempotencyKey,
      sql`e.token_id = ${tokenId} AND e.key = ${key} AND e.created_at <= ${expired}`,
    );
    // Before the work: on PostgreSQL, a second mutation with this key waits here until this one has ended.
    await tx.insert(IdempotencyKey, [{ tokenId, key, inputHash, answer: null, createdAt: now }]);
    const made = await work(tx);
    await tx.update(IdempotencyKey, { tokenId, key }, { answer: JSON.stringify(tx.table(entity).toRow(made)) });
    return made;
  });
}

/**
 * A result that was deleted, or that a restricted token no longer sees, is not returned as if it still existed.
 *
 * @throws Refusal CONFLICT or NOT_FOUND
 */
async function requireExisting<T extends { id: string }>(
  { viewer }: Ctx,
  tx: Tx,
  entity: EntityClass<T>,
  { id }: T,
): Promise<void> {
  const reader = viewer.scope === null ? tx : tx.scoped;
  const row: (T & { deletedAt?: Date | null }) | null = await reader.first<T>(entity, { id } as Where<T>);
  if (row !== null && row.deletedAt == null) return;
  if (viewer.scope !== null && row === null) {
    throw notFound("idempotencyKey", "result of this idempotencyKey");
  }
  throw conflict("The result of this idempotencyKey was deleted. Use a new idempotencyKey to create it again.");
}

/** JSON with sorted keys and without undefined fields, so that equal inputs have equal texts. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner !== null && typeof inner === "object" && !Array.isArray(inner) && !(inner instanceof Date)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
