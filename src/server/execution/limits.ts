import {
  type DefinitionNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type SelectionSetNode,
} from "graphql";
import { Refusal } from "../../domain/core/refusal.js";

/** How large an operation may be. Each figure has a setting. */
export interface Limits {
  /** Tokens of a document. */
  readonly tokens: number;
  /** Fields within fields. The introspection of the common tools needs 15. */
  readonly depth: number;
  /** Fields at the root of an operation, aliases and all. */
  readonly rootFields: number;
  /** Directives in a document. */
  readonly directives: number;
  /** What an operation may cost; see `costOf`. */
  readonly cost: number;
}

/** Fields of a document once its fragments are put in their places, each of them wherever it stands. */
const MAX_FIELDS = 10_000;
/**
 * How often one field may be asked for in one place. Validation compares them two by two: 2,000 in one place would take
 * it 300 ms, and 100 take 1 ms.
 */
const MAX_SAME_FIELD = 100;
/**
 * Fragments of a document. Validation compares what each two of them hold: 180 would take it 30 ms, and 50 take 3 ms.
 */
const MAX_FRAGMENTS = 50;
/** Selections within selections, those of inline fragments too, which answers have no levels of: 600 take 20 ms. */
const MAX_NESTING = 100;
/** Operations of a document, of which one runs: every rule of validation looks at each. */
const MAX_OPERATIONS = 50;
/** Lines that hold no token, be they empty or comments. Where an error is, is found by counting lines. */
const MAX_EMPTY_LINES = 500;
/** How many mistakes of one document or of its variables are told. Each takes 0.2 ms to find words for. */
export const MAX_ERRORS = 5;

export type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

/**
 * Refuses a document whose text alone shows that it was not written to be answered.
 *
 * @throws Refusal QUERY_TOO_LARGE with the figure and the limit
 */
export function checkText(text: string, limits: Limits): void {
  let lines = 1;
  for (let place = text.indexOf("\n"); place >= 0; place = text.indexOf("\n", place + 1)) lines += 1;
  // A carriage return ends a line too, with a line feed behind it or not.
  for (let place = text.indexOf("\r"); place >= 0; place = text.indexOf("\r", place + 1)) lines += 1;
  enforce("lines", lines, limits.tokens + MAX_EMPTY_LINES);
}

/**
 * Refuses a document whose shape is too large, from its syntax alone: before validation, which takes long on such
 * documents. Fragments are measured once each, and one that contains itself counts as endless.
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
  const places: SelectionSetNode[] = [];
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION && definition.kind !== Kind.FRAGMENT_DEFINITION) continue;
    const { kind, selectionSet } = definition;
    enforce("selections within selections", findNesting(selectionSet), MAX_NESTING);
    enforce("levels", findDepth(selectionSet, fragments, depths), limits.depth);
    if (kind === Kind.OPERATION_DEFINITION)
      enforce("fields at the root", countRootFields(selectionSet, fragments, rootFields), limits.rootFields);
    places.push(selectionSet);
  }
  checkPlaces(places, fragments);
}

/** Looks at every place of an answer that fields stand for; no fragment contains itself, and none is endlessly deep. */
function checkPlaces(places: readonly SelectionSetNode[], fragments: Fragments): void {
  let count = 0;
  const look = (sets: readonly SelectionSetNode[]) => {
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
      enforce("fields of one name in one place", same.length, MAX_SAME_FIELD);
      look(same.flatMap(({ selectionSet }) => selectionSet ?? []));
    }
  };
  for (const place of places) look([place]);
}

function enforce(what: string, figure: number, limit: number): void {
  if (figure <= limit) return;
  const shown = Number.isFinite(figure) ? String(figure) : "endless";
  throw new Refusal("QUERY_TOO_LARGE", `The operation has ${shown} ${what}; at most ${limit} are allowed.`, {
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

/** The fragments of a document by their names. */
export function findFragments(document: DocumentNode): Fragments {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  return fragments;
}
