import {
  type DefinitionNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLFormattedError,
  Kind,
  type SelectionSetNode,
} from "graphql";
import { Refusal } from "../../../domain/core/refusal.js";
import type { ResultLimits } from "../../../schema/result-size.js";

/** Maximum size of a request body, and of a message over WebSocket, in bytes. */
export const MAX_BODY_BYTES = 64 * 1024;

/** @param limit in bytes */
export function bodyTooLarge(what: "body" | "message", limit = MAX_BODY_BYTES): Refusal {
  return new Refusal("QUERY_TOO_LARGE", `The ${what} must be at most ${limit} bytes.`, { limit });
}

/** Limits on the size of an operation. Each has a setting. */
export interface Limits {
  /** Maximum number of tokens in a document. */
  readonly tokens: number;
  /** Maximum nesting of fields. Introspection by common tools needs 15. */
  readonly depth: number;
  /** Maximum number of root fields of an operation, including aliases. */
  readonly rootFields: number;
  /** Maximum number of directives in a document. */
  readonly directives: number;
  /** Maximum cost of an operation; see `calculateCost`. */
  readonly cost: number;
  /**
   * Maximum number of rows in the lists of one response, counted while it executes. They may have ten fields each on
   * average.
   */
  readonly rows: number;
}

/** Maximum number of fields of a document with all its fragments expanded. */
const MAX_FIELDS = 10_000;
/**
 * Maximum number of selections of one field in one selection set. Validation compares them pairwise: 2,000 take 300 ms,
 * 100 take 1 ms.
 */
const MAX_SAME_FIELD = 100;
/** Maximum number of fragments in a document. Validation compares them pairwise: 180 take 30 ms, 50 take 3 ms. */
const MAX_FRAGMENTS = 50;
/**
 * Maximum nesting of selection sets, including inline fragments, which `depth` does not count. 600 levels take 20 ms.
 */
const MAX_NESTING = 100;
/** Maximum number of operations in a document. Every validation rule visits each of them. */
const MAX_OPERATIONS = 50;
/** Maximum number of lines without tokens: blank lines and comments. Locating an error counts lines. */
const MAX_EMPTY_LINES = 500;
/** Maximum number of errors reported per document or set of variables. Formatting each takes 0.2 ms. */
export const MAX_ERRORS = 5;

export type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

/**
 * Refuses a document with too many lines.
 *
 * @throws Refusal QUERY_TOO_LARGE with the figure and the limit
 */
export function checkText(text: string, limits: Limits): void {
  let lines = 1;
  for (let index = text.indexOf("\n"); index >= 0; index = text.indexOf("\n", index + 1)) lines += 1;
  // A carriage return also ends a line, with or without a line feed.
  for (let index = text.indexOf("\r"); index >= 0; index = text.indexOf("\r", index + 1)) lines += 1;
  enforce("lines", lines, limits.tokens + MAX_EMPTY_LINES);
}

/**
 * Refuses a document whose shape is too large, using only its syntax tree. Runs before validation, which is slow on
 * such documents. Each fragment is measured once. A fragment that contains itself has infinite depth.
 *
 * @throws Refusal QUERY_TOO_LARGE with the figure and the limit
 */
export function checkShape(document: DocumentNode, limits: Limits): void {
  const fragments = findFragments(document);
  enforce("fragments", fragments.size, MAX_FRAGMENTS);
  const depths = new Map<string, number>();
  const rootFields = new Map<string, number>();
  let directives = 0;
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION && definition.kind !== Kind.FRAGMENT_DEFINITION) continue;
    directives += countDirectives(definition);
  }
  enforce("directives", directives, limits.directives);
  const isOperation = ({ kind }: DefinitionNode) => kind === Kind.OPERATION_DEFINITION;
  enforce("operations", document.definitions.filter(isOperation).length, MAX_OPERATIONS);
  const selectionSets: SelectionSetNode[] = [];
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION && definition.kind !== Kind.FRAGMENT_DEFINITION) continue;
    const { kind, selectionSet } = definition;
    enforce("nested selection sets", findNesting(selectionSet), MAX_NESTING);
    enforce("levels of nested fields", findDepth(selectionSet, fragments, depths), limits.depth);
    if (kind === Kind.OPERATION_DEFINITION)
      enforce("root fields", countRootFields(selectionSet, fragments, rootFields), limits.rootFields);
    selectionSets.push(selectionSet);
  }
  checkMergedFields(selectionSets, fragments);
}

/**
 * Counts the fields of every selection set after merging, as validation does. Fragments must not contain themselves and
 * depth must be finite.
 */
function checkMergedFields(selectionSets: readonly SelectionSetNode[], fragments: Fragments): void {
  let count = 0;
  const visit = (sets: readonly SelectionSetNode[]) => {
    const fields = new Map<string, FieldNode[]>();
    const spread = new Set<string>();
    const collect = ({ selections }: SelectionSetNode) => {
      for (const selection of selections) {
        count += 1;
        if (selection.kind === Kind.FIELD) {
          const key = (selection.alias ?? selection.name).value;
          const known = fields.get(key);
          if (known === undefined) fields.set(key, [selection]);
          else known.push(selection);
        } else if (selection.kind === Kind.INLINE_FRAGMENT) collect(selection.selectionSet);
        else if (!spread.has(selection.name.value)) {
          spread.add(selection.name.value);
          const fragment = fragments.get(selection.name.value);
          if (fragment !== undefined) collect(fragment.selectionSet);
        }
      }
      enforce("fields", count, MAX_FIELDS);
    };
    for (const set of sets) collect(set);
    for (const same of fields.values()) {
      enforce("selections of one field in one place", same.length, MAX_SAME_FIELD);
      visit(same.flatMap(({ selectionSet }) => selectionSet ?? []));
    }
  };
  for (const index of selectionSets) visit([index]);
}

function enforce(what: string, figure: number, limit: number): void {
  if (figure <= limit) return;
  const formatted = Number.isFinite(figure) ? String(figure) : "infinitely many";
  throw new Refusal("QUERY_TOO_LARGE", `The operation has ${formatted} ${what}; at most ${limit} are allowed.`, {
    figure: Number.isFinite(figure) ? figure : null,
    limit,
  });
}

function countDirectives(node: object): number {
  let count = 0;
  const pending: unknown[] = [node];
  while (pending.length > 0) {
    const current = pending.pop() as { directives?: readonly unknown[]; selectionSet?: SelectionSetNode };
    count += current.directives?.length ?? 0;
    if (current.selectionSet !== undefined) pending.push(...current.selectionSet.selections);
  }
  return count;
}

function findNesting({ selections }: SelectionSetNode): number {
  let deepest = 0;
  for (const selection of selections) {
    if (selection.kind === Kind.FRAGMENT_SPREAD || selection.selectionSet === undefined) continue;
    deepest = Math.max(deepest, findNesting(selection.selectionSet));
  }
  return deepest + 1;
}

function findDepth(set: SelectionSetNode | undefined, fragments: Fragments, known: Map<string, number>): number {
  let deepest = 0;
  for (const selection of set?.selections ?? []) {
    if (selection.kind === Kind.FIELD) {
      deepest = Math.max(deepest, 1 + findDepth(selection.selectionSet, fragments, known));
    } else if (selection.kind === Kind.INLINE_FRAGMENT) {
      deepest = Math.max(deepest, findDepth(selection.selectionSet, fragments, known));
    } else {
      const { value: name } = selection.name;
      if (!known.has(name)) {
        known.set(name, Number.POSITIVE_INFINITY);
        known.set(name, findDepth(fragments.get(name)?.selectionSet, fragments, known));
      }
      deepest = Math.max(deepest, known.get(name) ?? 0);
    }
  }
  return deepest;
}

function countRootFields(set: SelectionSetNode | undefined, fragments: Fragments, known: Map<string, number>): number {
  let count = 0;
  for (const selection of set?.selections ?? []) {
    if (selection.kind === Kind.FIELD) count += 1;
    else if (selection.kind === Kind.INLINE_FRAGMENT)
      count += countRootFields(selection.selectionSet, fragments, known);
    else {
      const { value: name } = selection.name;
      if (!known.has(name)) {
        known.set(name, Number.POSITIVE_INFINITY);
        known.set(name, countRootFields(fragments.get(name)?.selectionSet, fragments, known));
      }
      count += known.get(name) ?? 0;
    }
  }
  return count;
}

/** Returns the fragments of a document by name. */
export function findFragments(document: DocumentNode): Fragments {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  return fragments;
}

/**
 * Makes a result that exceeded the limits have exactly one size error: the first of the fields that are missing, which
 * all have the same, or else the one of the operation.
 */
export function withOneSizeError<R extends { readonly errors?: readonly GraphQLFormattedError[] }>(
  result: R,
  ofOperation: GraphQLFormattedError,
): R {
  const isSizeError = ({ extensions }: GraphQLFormattedError) => extensions?.code === "QUERY_TOO_LARGE";
  const { errors = [] } = result;
  const first = errors.find(isSizeError);
  if (first === undefined) return { ...result, errors: [...errors, ofOperation] };
  return { ...result, errors: errors.filter((error) => error === first || !isSizeError(error)) };
}

/** Fields that a row may have on average. At 10,000 rows, that is about as much as resolves in half a second. */
const FIELDS_PER_ROW = 10;

/** The limits that hold while an operation executes. */
export function toResultLimits({ rows, cost }: Limits): ResultLimits {
  return { rows, fields: Math.min(cost, rows * FIELDS_PER_ROW) };
}
