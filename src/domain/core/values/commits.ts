import sql, { raw, type Sql } from "sql-template-tag";
import type { Dialect } from "../../../database/rows/dialect.js";

/* Commit hashes. CI and people may abbreviate them; code hosts report them in full. */

/**
 * The shortest abbreviation that identifies a commit: as many digits as git shows. A shorter hash matches only itself.
 */
export const MIN_SHA_LENGTH = 7;

/** Whether two hashes, of which either may be abbreviated, name one commit. */
export function isSameCommit(a: string, b: string): boolean {
  if (a === b) return true;
  if (Math.min(a.length, b.length) < MIN_SHA_LENGTH) return false;
  return a.startsWith(b) || b.startsWith(a);
}

/** `isSameCommit` in SQL: the condition that `column` names the commit of `sha`. An index on the column serves it. */
export function sameCommit(dialect: Dialect, column: Sql, sha: string): Sql {
  if (sha.length < MIN_SHA_LENGTH) return sql`${column} = ${sha}`;
  return sql`(${dialect.oneOf(column, abbreviations(sha))} OR ${isLongerHash(column, sha)})`;
}

/** The condition that `column` begins with `sha`. Every hexadecimal digit sorts before `g`. */
export function isLongerHash(column: Sql, sha: string): Sql {
  return sql`(${column} >= ${sha} AND ${column} < ${`${sha}g`})`;
}

/** The beginnings of a hash that identify its commit, and the hash itself. */
function abbreviations(sha: string): string[] {
  return Array.from({ length: sha.length - MIN_SHA_LENGTH + 1 }, (_, extra) => sha.slice(0, MIN_SHA_LENGTH + extra));
}

/** What two hashes of one commit have in common, and hashes of different commits rarely do. */
export function commitKey(sha: string): string {
  return sha.slice(0, MIN_SHA_LENGTH);
}

/** `commitKey` in SQL. */
export function commitKeySql(column: string): Sql {
  return raw(`substr(${column}, 1, ${MIN_SHA_LENGTH})`);
}
