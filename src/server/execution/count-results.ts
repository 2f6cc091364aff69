import {
  defaultFieldResolver,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isListType,
  isNonNullType,
  isObjectType,
} from "graphql";
import type { Context } from "../../schema/context.js";
import type { ResultSize } from "../../schema/result-size.js";
import { calculateRowCost } from "./admission/cost.js";

/**
 * The field that counts the rows of a list. A list at the root may be a large table: counting it takes about as long as
 * resolving `COUNT_COST` fields. Nested lists are counted in one statement for all parents.
 */
const COUNT_FIELD = "totalCount";
const COUNT_COST = 2_500;
/** Fields with texts that can be longer than a name. The longest are values of config vars and commit messages. */
const TEXTS = new Set([
  ...["description", "message", "title", "summary", "problem", "comment", "reviewComment", "value", "responseStart"],
  ...["reason", "failureReason", "endReason", "forceReason", "liftReason", "recurrence"],
  ...["artifact", "url", "targetUrl", "incidentUrl", "imageUrl", "repositoryUrl"],
]);
/** Number of characters of such a text that count as another field. */
const CHARACTERS_PER_FIELD = 128;

/** The work of a field whose value is a promise, in fields: of its promises, and of loading it in a batch with others. */
const PROMISE_WORK = 5;
const ROOTS = new Set(["Query", "Mutation", "Subscription"]);

/** The schemas that were already modified: the servers of a process share one. */
const COUNTED = new WeakSet<GraphQLSchema>();

/** Makes every list, text and resolver of the schema count while an operation executes. See `ResultSize`. */
export function countResults(schema: GraphQLSchema): void {
  if (COUNTED.has(schema)) return;
  COUNTED.add(schema);
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith("__")) continue;
    for (const field of Object.values(type.getFields())) {
      // First, so that what counts the result calls it.
      if (field.resolve !== undefined && !ROOTS.has(type.name)) countPromises(field, field.resolve);
      const item = getNamedType(field.type);
      if (isListType(getNullableType(field.type))) countList(field, item);
      else if (TEXTS.has(field.name) && !isCompositeType(item)) count(field, countText);
      if (field.name === COUNT_FIELD) countTotal(field);
      if (field.resolve !== undefined) rejectErrors(field, field.resolve);
    }
  }
}

type Resolver = GraphQLField<unknown, Context>["resolve"] & {};

/** Makes a field count what it resolves to, and resolve to what `add` returns. */
function count(
  field: GraphQLField<unknown, Context>,
  add: (value: unknown, size: ResultSize, info: GraphQLResolveInfo) => unknown,
): void {
  const resolve: Resolver = field.resolve ?? defaultFieldResolver;
  const isList = isListType(getNullableType(field.type));
  field.resolve = (source, args, context, info) => {
    const { resultSize } = context;
    // The operation is refused, so that nothing more needs to be resolved.
    if (isList && resultSize.stopped) return [];
    const result: unknown = resolve(source, args, context, info);
    if (result instanceof Promise) return result.then((value: unknown) => add(value, resultSize, info));
    return add(result, resultSize, info);
  };
}

/**
 * Makes a resolver count if it returns a promise. After the limit is exceeded it is not called: its field is null, or an
 * error that also ends the list around it.
 */
function countPromises(field: GraphQLField<unknown, Context>, resolve: Resolver): void {
  const isList = isListType(getNullableType(field.type));
  const isNullable = !isNonNullType(field.type);
  field.resolve = (source, args, context, info) => {
    const { resultSize } = context;
    const { exceeded } = resultSize;
    if (exceeded !== null && !isList) {
      if (isNullable && resultSize.stopped) return null;
      throw exceeded;
    }
    const result: unknown = resolve(source, args, context, info);
    if (result instanceof Promise) resultSize.addOverhead(PROMISE_WORK);
    return result;
  };
}

/**
 * Makes a resolver reject what it throws. If it threw, graphql-js would end the list around it without handling the
 * promises of earlier rows, and their rejections would end the process.
 */
function rejectErrors(field: GraphQLField<unknown, Context>, resolve: Resolver): void {
  field.resolve = (source, args, context, info) => {
    try {
      return resolve(source, args, context, info);
    } catch (error) {
      return Promise.reject(error);
    }
  };
}

function countList(field: GraphQLField<unknown, Context>, item: GraphQLNamedType): void {
  count(field, (list, size, info) => {
    if (!Array.isArray(list)) return list;
    if (isCompositeType(item)) size.addRows(list.length, fieldsPerRow(info, item));
    else size.addFields(list.length);
    return size.stopped ? [] : list;
  });
}

function countText(text: unknown, size: ResultSize): unknown {
  if (typeof text === "string") size.addFields(Math.floor(text.length / CHARACTERS_PER_FIELD));
  return text;
}

function countTotal(field: GraphQLField<unknown, Context>): void {
  const resolve: Resolver = field.resolve ?? defaultFieldResolver;
  field.resolve = (source, args, context, info) => {
    const isRoot = info.path.prev?.prev === undefined;
    if (isRoot) context.resultSize.addFields(COUNT_COST);
    return resolve(source, args, context, info);
  };
}

/** Fields per row, by the field's node. Released with the document when Apollo's cache evicts it. */
const ROW_COSTS = new WeakMap<FieldNode, number>();

/** The fields of each row of a list, without those of lists inside it, which count themselves. */
function fieldsPerRow({ schema, fieldNodes, fragments }: GraphQLResolveInfo, row: GraphQLCompositeType): number {
  let cost = 0;
  for (const node of fieldNodes) {
    let known = ROW_COSTS.get(node);
    if (known === undefined) {
      known = calculateRowCost(schema, new Map(Object.entries(fragments)), node, row);
      ROW_COSTS.set(node, known);
    }
    cost += known;
  }
  return Math.max(1, cost);
}
