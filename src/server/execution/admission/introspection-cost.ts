import {
  type FieldNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getNamedType,
  isObjectType,
  Kind,
  SchemaMetaFieldDef,
  type SelectionSetNode,
  TypeMetaFieldDef,
} from "graphql";
import type { Fragments } from "./limits.js";

/** The introspection fields of a query. */
export const INTROSPECTION_FIELDS: ReadonlyMap<string, GraphQLField<unknown, unknown>> = new Map(
  [SchemaMetaFieldDef, TypeMetaFieldDef].map((field) => [field.name, field]),
);

/** What a field of introspection costs: its texts are long. The query of common tools has 16,000 fields. */
const FIELD_COST = 2;
/** Counting ends here. Their cost is more than `QUERY_MAX_COST` should be, and counting this far takes about 50 ms. */
const MAX_COUNTED = 150_000;

/**
 * Calculates the cost of introspection from the fields that it resolves to. Estimates would be far off: a schema has hundreds of types, and
 * most fields have no argument. It resolves the fields, each selection of each type once.
 */
export class IntrospectionCounter {
  readonly #schema: GraphQLSchema;
  readonly #fragments: Fragments;
  readonly #counts = new Map<SelectionSetNode, Map<unknown, number>>();
  #visited = 0;

  constructor(schema: GraphQLSchema, fragments: Fragments) {
    this.#schema = schema;
    this.#fragments = fragments;
  }

  /**
   * @param typeName the argument of `__type`
   * @returns the cost; infinity if there are more than `MAX_COUNTED`
   */
  count(field: FieldNode, definition: GraphQLField<unknown, unknown>, typeName: unknown): number {
    const count = this.#countField(field, definition, undefined, { name: typeName });
    return this.#visited > MAX_COUNTED ? Number.POSITIVE_INFINITY : count * FIELD_COST;
  }

  #countField(
    { selectionSet }: FieldNode,
    definition: GraphQLField<unknown, unknown>,
    source: unknown,
    args: Record<string, unknown>,
  ): number {
    const type = getNamedType(definition.type);
    if (selectionSet === undefined || !isObjectType(type)) return 1;
    const info = { schema: this.#schema } as GraphQLResolveInfo;
    const value: unknown = definition.resolve?.(source, args, undefined, info);
    if (value === null || value === undefined) return 1;
    const rows: readonly unknown[] = Array.isArray(value) ? value : [value];
    return rows.reduce((sum: number, row) => sum + this.#countSelections(selectionSet, type, row), 1);
  }

  #countSelections(set: SelectionSetNode, type: GraphQLObjectType, source: unknown): number {
    let counts = this.#counts.get(set);
    if (counts === undefined) {
      counts = new Map();
      this.#counts.set(set, counts);
    }
    const known = counts.get(source);
    if (known !== undefined) return known;
    let count = 0;
    for (const selection of set.selections) {
      // Each visit counts at least once in the total, so the total is larger still.
      this.#visited += 1;
      if (this.#visited > MAX_COUNTED) return count;
      if (selection.kind === Kind.FIELD) {
        const definition = type.getFields()[selection.name.value];
        const args = { includeDeprecated: true };
        count += definition === undefined ? 1 : this.#countField(selection, definition, source, args);
      } else {
        // The types of introspection are no interfaces, so every fragment applies.
        const inside = selection.kind === Kind.INLINE_FRAGMENT ? selection : this.#fragments.get(selection.name.value);
        if (inside !== undefined) count += this.#countSelections(inside.selectionSet, type, source);
      }
    }
    counts.set(source, count);
    return count;
  }
}
