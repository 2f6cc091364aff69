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
import { Refusal } from "../../../domain/core/refusal.js";
import { PAGE_SIZE } from "../../../schema/connections.js";
import { type Fragments, findFragments, type Limits } from "./limits.js";

/**
 * Assumed number of rows of a list without pagination. Few have more, none more than 500. The actual rows are counted
 * while the operation executes; see `ResultSize`.
 */
const UNPAGED_LIST_SIZE = 10;

/**
 * Upper bound of an operation's cost: one for each field of each row it could return. A page counts with its requested
 * size, clamped to 1–100 so that no argument lowers the cost. A list without pagination counts as ten rows. The
 * document must be valid.
 */
export function calculateCost(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): number {
  const known = CONSTANT_COSTS.get(operation);
  if (known !== undefined) return known;
  const root = schema.getRootType(operation.operation);
  if (!root) return 0;
  let varies = false;
  const defaults = new Map(
    (operation.variableDefinitions ?? []).map(({ variable, defaultValue }) => [variable.name.value, defaultValue]),
  );
  const toNumber = (value: ValueNode | undefined): number | null => {
    if (value?.kind === Kind.INT) return Number(value.value);
    if (value?.kind !== Kind.VARIABLE) return null;
    varies = true;
    const { value: name } = value.name;
    const given = variables[name];
    if (typeof given === "number") return given;
    return given === undefined ? toNumber(defaults.get(name)) : null;
  };
  const cost = new CostCalculator(schema, findFragments(document), toNumber).selectionsCost(
    operation.selectionSet,
    root,
  );
  if (!varies) CONSTANT_COSTS.set(operation, cost);
  return cost;
}

/**
 * The number of fields of each row of a list, without those of lists inside it.
 *
 * @param field selects the list
 * @param row the type of its rows
 */
export function calculateRowCost(
  schema: GraphQLSchema,
  fragments: Fragments,
  field: FieldNode,
  row: GraphQLCompositeType,
): number {
  if (field.selectionSet === undefined) return 0;
  return new CostCalculator(schema, fragments, () => 0, 0).selectionsCost(field.selectionSet, row);
}

/** Costs of operations that do not depend on variables, for as long as Apollo caches their documents. */
const CONSTANT_COSTS = new WeakMap<OperationDefinitionNode, number>();

/** Introspection fields that every root type accepts. */
const INTROSPECTION_FIELDS = new Map([SchemaMetaFieldDef, TypeMetaFieldDef].map((field) => [field.name, field]));

class CostCalculator {
  readonly #schema: GraphQLSchema;
  readonly #fragments: Fragments;
  readonly #toNumber: (value: ValueNode | undefined) => number | null;
  readonly #maxListSize: number;
  readonly #fragmentCosts = new Map<string, number>();

  /** @param maxListSize 0 to leave out the rows of lists */
  constructor(
    schema: GraphQLSchema,
    fragments: Fragments,
    toNumber: (value: ValueNode | undefined) => number | null,
    maxListSize = Number.POSITIVE_INFINITY,
  ) {
    this.#schema = schema;
    this.#fragments = fragments;
    this.#toNumber = toNumber;
    this.#maxListSize = maxListSize;
  }

  selectionsCost(set: SelectionSetNode, parent: GraphQLCompositeType): number {
    let cost = 0;
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) cost += this.#fieldCost(selection, parent);
      else if (selection.kind === Kind.INLINE_FRAGMENT) {
        const type = selection.typeCondition ? typeFromAST(this.#schema, selection.typeCondition) : parent;
        if (isCompositeType(type)) cost += this.selectionsCost(selection.selectionSet, type);
      } else cost += this.#fragmentCost(selection.name.value);
    }
    return cost;
  }

  #fragmentCost(name: string): number {
    const known = this.#fragmentCosts.get(name);
    if (known !== undefined) return known;
    const fragment = this.#fragments.get(name);
    const type = fragment === undefined ? undefined : typeFromAST(this.#schema, fragment.typeCondition);
    const cost = fragment !== undefined && isCompositeType(type) ? this.selectionsCost(fragment.selectionSet, type) : 0;
    this.#fragmentCosts.set(name, cost);
    return cost;
  }

  #fieldCost(field: FieldNode, parent: GraphQLCompositeType): number {
    const fields = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields() : {};
    const definition = fields[field.name.value] ?? INTROSPECTION_FIELDS.get(field.name.value);
    const type = definition === undefined ? undefined : getNamedType(definition.type);
    if (definition === undefined || field.selectionSet === undefined || !isCompositeType(type)) return 1;
    const child = this.selectionsCost(field.selectionSet, type);
    if (type.name.endsWith("Connection")) return 1 + Math.min(this.#pageSize(field), this.#maxListSize) * child;
    const isList = isListType(getNullableType(definition.type)) && !this.#isConnection(parent);
    return 1 + (isList ? Math.min(UNPAGED_LIST_SIZE, this.#maxListSize) : 1) * child;
  }

  /** Lists inside a connection are the page, which is already counted. */
  #isConnection(parent: GraphQLCompositeType): boolean {
    return parent.name.endsWith("Connection");
  }

  #pageSize(field: FieldNode): number {
    const argument = (name: string) => field.arguments?.find((node) => node.name.value === name)?.value;
    const size = this.#toNumber(argument("first")) ?? this.#toNumber(argument("last")) ?? PAGE_SIZE.default;
    return Math.min(Math.max(size, 1), PAGE_SIZE.max);
  }
}

/**
 * Refuses an operation whose cost exceeds the limit.
 *
 * @throws Refusal QUERY_TOO_LARGE with the figure and the limit
 */
export function checkCost(cost: number, limits: Limits): void {
  if (cost <= limits.cost) return;
  const message = `The operation costs up to ${cost}; at most ${limits.cost} is allowed. Request smaller pages or fewer nested lists.`;
  throw new Refusal("QUERY_TOO_LARGE", message, { figure: cost, limit: limits.cost });
}
