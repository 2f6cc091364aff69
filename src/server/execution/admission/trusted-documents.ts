import { readFileSync } from "node:fs";
import { type DocumentNode, GraphQLError, type GraphQLSchema, Kind, parse, validate } from "graphql";
import { z } from "zod";

/** Documents by their id: the hash of their text, by the algorithm of the tool that wrote the manifest. */
export type TrustedDocuments = ReadonlyMap<string, string>;

/** The manifest of trusted documents cannot be read or is invalid. */
export class InvalidManifest extends Error {
  override readonly name = "InvalidManifest";
}

const ID = z.string().min(1).max(256);
const TEXT = z.string().min(1);

/**
 * The manifest of GraphQL Code Generator's client preset (`persistedDocuments`) and of the Relay compiler
 * (`persistConfig.file`).
 */
const BY_ID = z.record(ID, TEXT);

/** The manifest of Apollo's `generate-persisted-query-manifest`. */
const APOLLO = z.object({
  format: z.literal("apollo-persisted-query-manifest"),
  version: z.literal(1),
  operations: z.array(z.object({ id: ID, body: TEXT })),
});

/** Distinguishes the formats: only Apollo's manifest has the field `format`. */
const FORMAT = z.object({ format: z.string() });

/**
 * Reads a manifest of trusted documents, as GraphQL Code Generator, Relay or Apollo writes it. The ids are the
 * manifest's own.
 *
 * @param name how errors call the manifest
 * @throws InvalidManifest if the file cannot be read or is not such a manifest
 */
export function readTrustedDocuments(path: string, name = "TRUSTED_DOCUMENTS"): TrustedDocuments {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new InvalidManifest(`${name} cannot be read: ${(error as Error).message}`);
  }
  return new Map(readEntries(content, name).map(([id, text]) => [normalizeId(id), text]));
}

function readEntries(content: unknown, name: string): [id: string, text: string][] {
  const apollo = APOLLO.safeParse(content);
  if (apollo.success) return apollo.data.operations.map(({ id, body }) => [id, body]);
  const documents = FORMAT.safeParse(content).success ? null : BY_ID.safeParse(content);
  if (documents?.success) return Object.entries(documents.data);
  throw new InvalidManifest(
    `${name} must be a JSON object that maps hashes to documents, as GraphQL Code Generator and Relay write it, or a manifest of Apollo in version 1.`,
  );
}

/** @param id as a client sends it; the prefix `sha256:` may be missing */
export function findTrustedDocument(documents: TrustedDocuments, id: string): string | undefined {
  return documents.get(normalizeId(id));
}

/** `sha256:AB12` and `ab12` are the same hash. */
function normalizeId(id: string): string {
  const hash = id.replace(/^(sha\d+|md5):/i, "");
  return /^[0-9a-f]+$/i.test(hash) ? hash.toLowerCase() : id;
}

/** A trusted document that the service cannot run, for the log. */
export interface InvalidDocument {
  readonly id: string;
  /** The names of its operations and, without an operation, of its fragments; empty if it cannot be parsed. */
  readonly names: readonly string[];
  /** The first error. */
  readonly problem: string;
}

/** Finds the trusted documents that do not match the schema, for example those of a client for another version. */
export function findInvalidDocuments(documents: TrustedDocuments, schema: GraphQLSchema): InvalidDocument[] {
  return [...documents].flatMap(([id, text]) => {
    try {
      const document = parse(text);
      const [error] = validate(schema, document, undefined, { maxErrors: 1 });
      return error === undefined ? [] : [{ id, names: findNames(document), problem: error.message }];
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      return [{ id, names: [], problem: error.message }];
    }
  });
}

function findNames({ definitions }: DocumentNode): string[] {
  const named = (kind: Kind) =>
    definitions.flatMap((definition) =>
      definition.kind === kind && "name" in definition ? (definition.name?.value ?? []) : [],
    );
  const operations = named(Kind.OPERATION_DEFINITION);
  return operations.length > 0 ? operations : named(Kind.FRAGMENT_DEFINITION);
}
