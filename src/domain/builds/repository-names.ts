import sql from "sql-template-tag";
import type { Reader } from "../../database/rows/reader.js";
import type { Tx } from "../../database/rows/tx.js";
import { RepositoryName } from "../../entities/builds/repository-name.js";
import type { EventDraft } from "../../events/draft.js";
import { moveRepository } from "./repository-moves.js";

/*
 * The names of repositories. A code host keeps a repository's id when it is renamed or transferred, and redirects its
 * former names. So a name that was replaced leads to the current one, until it belongs to another repository. Rows
 * carry the current name: a rename moves them, and every query finds them by one name (see repository-moves.ts).
 */

/** A repository in a report of its code host. */
export interface SeenRepository {
  /** `host/owner/name` in lower case. */
  readonly name: string;
  /** `host:id`; null if the report has no id. */
  readonly id: string | null;
  /** The code host's time of the repository's state in this report; null if it has none. */
  readonly at: Date | null;
  /** The name before, if the report says that it was renamed or transferred; else null. */
  readonly formerly: string | null;
}

export interface IdentifiedRepository {
  /** Its current name. */
  readonly name: string;
  /** Why its reports must not be applied: another repository had this name. Null if they may be. */
  readonly conflict: string | null;
  /** The names from which rows were moved to the current one. */
  readonly movedFrom: readonly string[];
  /** The events of what was moved. */
  readonly events: readonly EventDraft[];
}

/** The current name of the repository that has, or had, this name. */
export async function resolveRepository(reader: Reader, name: string): Promise<string> {
  return toCurrentName(await reader.first(RepositoryName, { name }), name);
}

/** `resolveRepository` in a transaction. The repository is not renamed before the transaction ends. */
export async function resolveUntilEnd(tx: Tx, name: string): Promise<string> {
  return toCurrentName(await findShared(tx, name), name);
}

function toCurrentName(known: RepositoryName | null, name: string): string {
  return known === null || known.claimedBy !== null ? name : known.currentName;
}

/** The row of a name, locked shared. Without a row the name itself is locked: the first report under it inserts one. */
async function findShared(tx: Tx, name: string): Promise<RepositoryName | null> {
  const known = await tx.first(RepositoryName, { name }, { lock: "share" });
  if (known !== null) return known;
  await lockUnknown(tx, [name]);
  return tx.first(RepositoryName, { name }, { lock: "share" });
}

/** Locks names that have no row, in one order, so that two transactions do not wait for each other. */
async function lockUnknown(tx: Tx, names: readonly string[]): Promise<void> {
  for (const name of [...new Set(names)].sort()) await tx.lockName(`name of a repository ${name}`);
}

/**
 * Accepts that another repository has taken over a name: its deliveries are applied from now on.
 *
 * @returns whether the name belonged to another repository before
 */
export async function claimRepository(tx: Tx, name: string): Promise<boolean> {
  if ((await tx.first(RepositoryName, { name }))?.claimedBy == null) return false;
  const known = await tx.first(RepositoryName, { name }, { lock: "change" });
  if (known === null || known.claimedBy === null) return false;
  await tx.deleteWhere(RepositoryName, sql`e.current_name = ${name} AND e.name <> ${name}`);
  const owner = { repositoryId: known.claimedBy, currentName: name, claimedBy: null, seenAt: null };
  await tx.update(RepositoryName, { name }, { ...owner, formerlyOf: known.repositoryId });
  return true;
}

/** Identifies the repository of a report. If it was renamed, moves what is stored under its former name. */
export async function identifyRepository(tx: Tx, seen: SeenRepository, now: Date): Promise<IdentifiedRepository> {
  const { name, id, formerly } = seen;
  if (id === null) return unchanged(await resolveUntilEnd(tx, name));
  if (formerly === null && (await isCurrentUntilEnd(tx, seen))) return unchanged(name);
  await tx.lockName(`repository ${id}`);
  // Another transaction may have recorded it meanwhile. This saves the exclusive locks below. They wait for every
  // transaction that shares the row, which may never end under a steady stream of reports.
  if (formerly === null && (await isCurrentUntilEnd(tx, seen))) return unchanged(name);
  await lockUnknown(tx, formerly === null ? [name] : [name, formerly]);
  const rows = await tx.find(RepositoryName, { repositoryId: id }, { order: "name", lock: "change" });
  const existing = await tx.first(RepositoryName, { name }, { lock: "change" });
  const current = rows[0] === undefined ? null : (rows.find((row) => row.name === row.currentName) ?? rows[0]);
  if (existing !== null && existing.repositoryId !== id && existing.currentName === name) {
    // A late report of a repository that had the name before, or a new repository that has it since.
    if (current !== null && isOlder(seen.at, current.seenAt)) return unchanged(current.currentName);
    await tx.update(RepositoryName, { name }, { claimedBy: id });
    return { ...unchanged(name), conflict: conflictMessage(existing, id) };
  }
  // The known owner still has the name, or has it again.
  if (existing !== null && existing.repositoryId === id && existing.claimedBy !== null) {
    await tx.update(RepositoryName, { name }, { claimedBy: null });
    existing.claimedBy = null;
  }
  const renamed = current === null ? name : decideName(seen, existing, current);
  const from = new Set<string>();
  if (current !== null && current.currentName !== renamed) from.add(current.currentName);
  await recordName(tx, seen, existing, renamed);
  await tx.update(RepositoryName, { repositoryId: id }, { currentName: renamed });
  if (name !== renamed && existing === null) from.add(name);
  if (formerly !== null && formerly !== renamed && (await recordFormer(tx, seen, formerly, renamed)))
    from.add(formerly);
  const events: EventDraft[] = [];
  for (const old of from) events.push(...(await moveRepository(tx, old, renamed, id, now)));
  return { name: renamed, conflict: null, movedFrom: [...from], events };
}

/** The current name of the repository that had a name before the one that has it now; null if there was none. */
export async function findFormerOwner(reader: Reader, name: string): Promise<string | null> {
  const former = (await reader.first(RepositoryName, { name }))?.formerlyOf ?? null;
  if (former === null) return null;
  return (await reader.first(RepositoryName, { repositoryId: former }))?.currentName ?? null;
}

function unchanged(name: string): IdentifiedRepository {
  return { name, conflict: null, movedFrom: [], events: [] };
}

/**
 * Whether the name in a report is the current one. If so, the repository is not renamed before the transaction ends.
 */
async function isCurrentUntilEnd(tx: Tx, seen: SeenRepository): Promise<boolean> {
  const { name } = seen;
  if (!isCurrent(await tx.first(RepositoryName, { name }), seen)) return false;
  return isCurrent(await tx.first(RepositoryName, { name }, { lock: "share" }), seen);
}

function isCurrent(known: RepositoryName | null, { name, id }: SeenRepository): boolean {
  return known !== null && known.repositoryId === id && known.currentName === name && known.claimedBy === null;
}

function isOlder(at: Date | null, than: Date | null): boolean {
  return at !== null && than !== null && at < than;
}

/**
 * The current name after a report under another name. Reports do not arrive in order, so an older report may have a
 * former name. A former name becomes the current one again only through a report that is certainly newer.
 */
function decideName(seen: SeenRepository, existing: RepositoryName | null, current: RepositoryName): string {
  if (seen.name === current.currentName || isOlder(seen.at, current.seenAt)) return current.currentName;
  const returns = existing?.repositoryId === seen.id && seen.formerly === null;
  return returns && !isOlder(current.seenAt, seen.at) ? current.currentName : seen.name;
}

/** Records the reported name. A former name of another repository now belongs to this one. */
async function recordName(
  tx: Tx,
  seen: SeenRepository,
  existing: RepositoryName | null,
  renamed: string,
): Promise<void> {
  const { name, id, at } = seen;
  const owner = { repositoryId: id as string, currentName: renamed, claimedBy: null };
  const seenAt = at ?? existing?.seenAt ?? null;
  if (existing === null) await tx.insert(RepositoryName, [{ name, ...owner, seenAt, formerlyOf: null }]);
  else if (existing.repositoryId === id) {
    if (name === renamed) await tx.update(RepositoryName, { name }, { ...owner, seenAt });
  } else await tx.update(RepositoryName, { name }, { ...owner, seenAt, formerlyOf: existing.repositoryId });
}

/** Records the name that the report says the repository had before. Returns whether it was unknown. */
async function recordFormer(tx: Tx, { id, at }: SeenRepository, former: string, renamed: string): Promise<boolean> {
  if ((await tx.first(RepositoryName, { name: former }, { lock: "share" })) !== null) return false;
  const row = { name: former, repositoryId: id as string, currentName: renamed };
  await tx.insert(RepositoryName, [{ ...row, seenAt: at, claimedBy: null, formerlyOf: null }]);
  return true;
}

function conflictMessage({ name, repositoryId }: RepositoryName, id: string): string {
  const [known, other] = [repositoryId, id].map((one) => one.slice(one.lastIndexOf(":") + 1));
  return (
    `${name} is another repository (id ${other}) than the one that had this name (id ${known}), and is not followed. ` +
    "To follow it, an administrator sets it as the repository of a pipeline again with updatePipeline."
  );
}
