import type { LockMode } from "../../database/rows/dialect.js";
import type { EntityClass, Where } from "../../database/rows/entity-mapper.js";
import type { Reader } from "../../database/rows/reader.js";
import { Build } from "../../entities/builds/build.js";
import type { Node } from "../../entities/core/node.js";
import { App } from "../../entities/pipelines/app.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { Promotion } from "../../entities/releases/promotion.js";
import { Release } from "../../entities/releases/release.js";
import { isName, isUuid, parseId } from "./input.js";
import { notFound } from "./refusal.js";

/*
 * How an argument finds what it names: by id, or, for pipelines and apps, by the name of one that is not deleted. Inside a
 * transaction what is found may be locked with it; `locks.ts` says what is, and in which order. What the viewer may not
 * see is not found, in the same words as what is not there.
 */

type Named = Pipeline | App;

interface LockOption {
  readonly lock?: LockMode;
}

async function findNamed<T extends Named>(
  reader: Reader,
  entity: EntityClass<T>,
  reference: string,
  locked: LockOption = {},
): Promise<T | null> {
  // A text that is neither cannot be the name of anything, and need not reach the database.
  if (isUuid(reference)) return findScoped(reader, entity, { id: reference.toLowerCase(), deletedAt: null }, locked);
  if (!isName(reference)) return null;
  return findScoped(reader, entity, { name: reference, deletedAt: null }, locked);
}

/** The row that a reference names, if the viewer may see it. */
async function findScoped<T extends Node>(
  reader: Reader,
  entity: EntityClass<T>,
  where: Where<Node & { name: string; deletedAt: Date | null }>,
  locked: LockOption,
): Promise<T | null> {
  const wanted = where as Where<T>;
  if (reader.scoped === reader) return reader.first(entity, wanted, locked);
  const seen = await reader.scoped.first(entity, wanted);
  if (seen === null || locked.lock === undefined) return seen;
  // Where definitions take the place of tables nothing can be locked: the row itself is, and read again.
  return reader.first(entity, { ...wanted, id: seen.id }, locked);
}

export function findPipeline(reader: Reader, reference: string): Promise<Pipeline | null> {
  return findNamed(reader, Pipeline, reference);
}

export function findApp(reader: Reader, reference: string): Promise<App | null> {
  return findNamed(reader, App, reference);
}

export async function requirePipeline(
  reader: Reader,
  field: string,
  reference: string,
  locked: LockOption = {},
): Promise<Pipeline> {
  const pipeline = await findNamed(reader, Pipeline, reference, locked);
  if (pipeline === null) throw notFound(field, `pipeline ${quote(reference)}`);
  return pipeline;
}

export async function requireApp(reader: Reader, field: string, reference: string): Promise<App> {
  const app = await findApp(reader, reference);
  if (app === null) throw notFound(field, `app ${quote(reference)}`);
  return app;
}

/** For history: also a deleted one, which only its id can name. */
export async function requirePipelineOfHistory(reader: Reader, field: string, reference: string): Promise<Pipeline> {
  const gone = isUuid(reference) ? await reader.scoped.first(Pipeline, { id: reference.toLowerCase() }) : null;
  return gone ?? requirePipeline(reader, field, reference);
}

/** For history: also a deleted one, which only its id can name. */
export async function requireAppOfHistory(reader: Reader, field: string, reference: string): Promise<App> {
  const gone = isUuid(reference) ? await reader.scoped.first(App, { id: reference.toLowerCase() }) : null;
  return gone ?? requireApp(reader, field, reference);
}

async function requireById<T extends Node>(
  reader: Reader,
  entity: EntityClass<T>,
  what: string,
  field: string,
  id: string,
  locked: LockOption = {},
): Promise<T> {
  const found = await findScoped(reader, entity, { id: parseId(field, id) }, locked);
  if (found === null) throw notFound(field, `${what} ${quote(id)}`);
  return found;
}

export const requireCoupling = (reader: Reader, field: string, id: string): Promise<Coupling> =>
  requireById(reader, Coupling, "coupling", field, id);
export const requireBuild = (reader: Reader, field: string, id: string, locked: LockOption = {}): Promise<Build> =>
  requireById(reader, Build, "build", field, id, locked);
export const requireRelease = (reader: Reader, field: string, id: string): Promise<Release> =>
  requireById(reader, Release, "release", field, id);
export const requirePromotion = (reader: Reader, field: string, id: string): Promise<Promotion> =>
  requireById(reader, Promotion, "promotion", field, id);

/** What somebody wrote, fit for a message: cut where it is long, without control characters. */
export function quote(text: string): string {
  const printable = text.replace(/\p{C}/gu, "?");
  return `"${printable.length > 80 ? `${printable.slice(0, 79)}…` : printable}"`;
}
