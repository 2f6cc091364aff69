import {
  type DocumentNode,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  SchemaMetaFieldDef,
  type SelectionSetNode,
  TypeMetaFieldDef,
  typeFromAST,
  type ValueNode,
} from "graphql";
import { Refusal } from "../../domain/core/refusal.js";
import { PAGE_SIZE } from "../../schema/connections.js";
import { type Fragments, findFragments, type Limits } from "./limits.js";

/** Rows that a list without pages is taken to hold: few have more, and none more than 500. */
const UNPAGED_LIST_SIZE = 10;

/**
 * What an operation may cost at the most: one for each field of each row that it could give. A page counts with the size
 * that is asked for, held between 1 and 100 so that no argument lowers it; a list without pages counts as ten rows. The
 * document must have been validated.
 */
export function calculateCost(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): number {
  const known = KNOWN.get(operation);
  if (known !== undefined) return known;
  const root = schema.getRootType(operation.operation);
  if (!root) return 0;
  let varies = false;
  const defaults = new Map(
    (operation.variableDefinitions ?? []).map(({ variable, defaultValue }) => [variable.name.value, defaultValue]),
  );
  const numberOf = (value: ValueNode | undefined): number | null => {
    if (value?.kind === Kind.INT) return Number(value.value);
    if (value?.kind !== Kind.VARIABLE) return null;
    varies = true;
    const { value: name } = value.name;
    const given = variables[name];
    if (typeof given === "number") return given;
    return given === undefined ? numberOf(defaults.get(name)) : null;
  };
  const cost = new Cost(schema, findFragments(document), numberOf).ofSelections(operation.selectionSet, root);
  if (!varies) KNOWN.set(operation, cost);
  return cost;
}

/** The costs of operations that no variable changes, for as long as Apollo keeps their documents. */
const KNOWN = new WeakMap<OperationDefinitionNode, number>();

/** Fields that no type has and every root may be asked for. */
const INTROSPECTION = new Map([SchemaMetaFieldDef, TypeMetaFieldDef].map((field) => [field.name, field]));

class Cost {
  readonly #schema: GraphQLSchema;
  readonly #fragments: Fragments;
  readonly #numberOf: (value: ValueNode | undefined) => number | null;
  readonly #known = new Map<string, number>();

  constructor(schema: GraphQLSchema, fragments: Fragments, numberOf: (value: ValueNode | undefined) => number | null) {
    this.#schema = schema;
    this.#fragments = fragments;
    this.#numberOf = numberOf;
  }

  ofSelections(set: SelectionSetNode, parent: GraphQLCompositeType): number {
    let cost = 0;
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) cost += this.#ofField(selection, parent);
      else if (selection.kind === Kind.INLINE_FRAGMENT) {
        const type = selection.typeCondition ? typeFromAST(this.#schema, selection.typeCondition) : parent;
        if (isCompositeType(type)) cost += this.ofSelections(selection.selectionSet, type);
      } else cost += this.#ofFragment(selection.name.value);
    }
    return cost;
  }

  #ofFragment(name: string): number {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const fragment = this.#fragments.get(name);
    const type = fragment === undefined ? undefined : typeFromAST(this.#schema, fragment.typeCondition);
    const cost = fragment !== undefined && isCompositeType(type) ? this.ofSelections(fragment.selectionSet, type) : 0;
    this.#known.set(name, cost);
    return cost;
  }

  #ofField(field: FieldNode, parent: GraphQLCompositeType): number {
    const fields = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields() : {};
    const definition = fields[field.name.value] ?? INTROSPECTION.get(field.name.value);
    const type = definition === undefined ? undefined : getNamedType(definition.type);
    if (definition === undefined || field.selectionSet === undefined || !isCompositeType(type)) return 1;
    const child = this.ofSelections(field.selectionSet, type);
    if (type.name.endsWith("Connection")) return 1 + this.#pageSize(field) * child;
    return (
      1 + (isListType(getNullableType(definition.type)) && !this.#isPageOf(parent) ? UNPAGED_LIST_SIZE : 1) * child
    );
  }

  /** The lists inside a connection are the page that was counted already. */
  #isPageOf(parent: GraphQLCompositeType): boolean {
    return parent.name.endsWith("Connection");
  }

  #pageSize(field: FieldNode): number {
    const argument = (name: string) => field.arguments?.find((one) => one.name.value === name)?.value;
    const asked = this.#numberOf(argument("first")) ?? this.#numberOf(argument("last")) ?? PAGE_SIZE.default;
    return Math.min(Math.max(asked, 1), PAGE_SIZE.most);
  }
}

/**
 * Refuses an operation that could cost more than is allowed.
 *
 * @throws Refusal QUERY_TOO_LARGE with the figure and the limit
 */
export function checkCost(cost: number, limits: Limits): void {
  if (cost <= limits.cost) return;
  const message = `The operation could cost ${cost}; at most ${limits.cost} is allowed. Ask for smaller pages, or for fewer lists within lists.`;
  throw new Refusal("QUERY_TOO_LARGE", message, { figure: cost, limit: limits.cost });
}
