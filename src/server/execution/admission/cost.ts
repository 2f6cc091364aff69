import {
  type DocumentNode,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  typeFromAST,
  type ValueNode,
} from "graphql";
import { Refusal } from "../../../domain/core/refusal.js";
import { PAGE_SIZE } from "../../../schema/connections.js";
import { INTROSPECTION_FIELDS, IntrospectionCounter } from "./introspection-cost.js";
import { type Fragments, findFragments, type Limits } from "./limits.js";

/**
 * Assumed number of rows of a list without pagination. Few have more, none more than 500. The actual rows are counted
 * while the operation executes; see `ResultSize`.
 */
const UNPAGED_LIST_SIZE = 10;

/**
 * Upper bound of an operation's cost: one for each field of each row it could return. A page counts with its requested
 * size, clamped to 1–100 so that no argument lowers the cost. A list without pagination counts as ten rows.
 * Introspection counts with the size that it has, see `IntrospectionCounter`. The document must be valid.
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
  const toScalar = (value: ValueNode | undefined): unknown => {
    if (value?.kind === Kind.INT) return Number(value.value);
    if (value?.kind === Kind.STRING) return value.value;
    if (value?.kind !== Kind.VARIABLE) return null;
    varies = true;
    const { value: name } = value.name;
    const given = variables[name];
    return given === undefined ? toScalar(defaults.get(name)) : given;
  };
  const cost = new CostCalculator(schema, findFragments(document), toScalar).selectionsCost(
    operation.selectionSet,
    root,
  );
  if (!varies) CONSTANT_COSTS.set(operation, cost);
  return cost;
}

/**
 * The number of fields of each row of a list, without those of the rows of lists inside it.
 *
 * @param field selects the list
 * @param row the type of its rows
 */
export function calculateRowCost(
  schema: GraphQLSchema,
  fragments: Fragments,
  { selectionSet }: FieldNode,
  row: GraphQLCompositeType,
): number {
  if (selectionSet === undefined) return 0;
  return new CostCalculator(schema, fragments, () => null, false).selectionsCost(selectionSet, row);
}

/** Costs of operations that do not depend on variables, for as long as Apollo caches their documents. */
const CONSTANT_COSTS = new WeakMap<OperationDefinitionNode, number>();

class CostCalculator {
  readonly #schema: GraphQLSchema;
  readonly #fragments: Fragments;
  readonly #toScalar: (value: ValueNode | undefined) => unknown;
  readonly #includesLists: boolean;
  readonly #introspection: IntrospectionCounter;
  readonly #fragmentCosts = new Map<string, number>();

  /**
   * @param toScalar the value of an argument
   * @param includesLists false to leave out the rows of lists
   */
  constructor(
    schema: GraphQLSchema,
    fragments: Fragments,
    toScalar: (value: ValueNode | undefined) => unknown,
    includesLists = true,
  ) {
    this.#schema = schema;
    this.#fragments = fragments;
    this.#toScalar = toScalar;
    this.#includesLists = includesLists;
    this.#introspection = new IntrospectionCounter(schema, fragments);
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
    const introspects = INTROSPECTION_FIELDS.get(field.name.value);
    if (introspects !== undefined) {
      return this.#introspection.count(field, introspects, this.#toScalar(findArgument(field, "name")));
    }
    const fields = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields() : {};
    const definition = fields[field.name.value];
    const type = definition === undefined ? undefined : getNamedType(definition.type);
    if (definition === undefined || field.selectionSet === undefined || !isCompositeType(type)) return 1;
    return 1 + this.#countRows(field, definition, parent) * this.selectionsCost(field.selectionSet, type);
  }

  /** How many objects a field returns. */
  #countRows(field: FieldNode, { type }: GraphQLField<unknown, unknown>, parent: GraphQLCompositeType): number {
    const isList = isListType(getNullableType(type));
    if (!this.#includesLists) return isList ? 0 : 1;
    if (isConnection(getNamedType(type))) return this.#pageSize(field);
    // Lists inside a connection are the page, which is already counted.
    return isList && !isConnection(parent) ? UNPAGED_LIST_SIZE : 1;
  }

  #pageSize(field: FieldNode): number {
    const toNumber = (name: string) => {
      const value = this.#toScalar(findArgument(field, name));
      return typeof value === "number" ? value : null;
    };
    const size = toNumber("first") ?? toNumber("last") ?? PAGE_SIZE.default;
    return Math.min(Math.max(size, 1), PAGE_SIZE.max);
  }
}

function findArgument(field: FieldNode, name: string): ValueNode | undefined {
  return field.arguments?.find((node) => node.name.value === name)?.value;
}

function isConnection({ name }: GraphQLNamedType): boolean {
  return name.endsWith("Connection");
}

/**
 * Refuses an operation whose cost exceeds the limit.
 *
 * @throws Refusal QUERY_TOO_LARGE with the figure and the limit
 */
export function checkCost(cost: number, limits: Limits): void {
  if (cost <= limits.cost) return;
  const isCounted = Number.isFinite(cost);
  const costs = isCounted ? `costs up to ${cost}` : "costs far too much";
  const message = `The operation ${costs}; at most ${limits.cost} is allowed. Request smaller pages, fewer nested lists or less introspection.`;
  throw new Refusal("QUERY_TOO_LARGE", message, { figure: isCounted ? cost : null, limit: limits.cost });
}
