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
 * Finds the rows of arguments: by id or, for pipelines and apps that are not deleted, by name. Inside a transaction the
 * row can be locked; see `locks.ts` for the order. A row outside the viewer's scope gives the same error as a missing
 * row.
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
  // Text that is neither an id nor a valid name matches nothing.
  if (isUuid(reference)) return findScoped(reader, entity, { id: reference.toLowerCase(), deletedAt: null }, locked);
  if (!isName(reference)) return null;
  return findScoped(reader, entity, { name: reference, deletedAt: null }, locked);
}

/** The row, if it is in the viewer's scope. */
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
  // A scoped reader selects from CTEs, whose rows cannot be locked. So the row of the table is locked and read again.
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

/** For history: includes deleted rows, by id only. */
export async function requirePipelineOfHistory(reader: Reader, field: string, reference: string): Promise<Pipeline> {
  const gone = isUuid(reference) ? await reader.scoped.first(Pipeline, { id: reference.toLowerCase() }) : null;
  return gone ?? requirePipeline(reader, field, reference);
}

/** For history: includes deleted rows, by id only. */
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

/** Quotes user input for a message: cut to 80 characters, without control characters. */
export function quote(text: string): string {
  const printable = text.replace(/\p{C}/gu, "?");
  return `"${printable.length > 80 ? `${printable.slice(0, 79)}…` : printable}"`;
}
