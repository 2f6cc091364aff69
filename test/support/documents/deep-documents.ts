import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isObjectType,
  isRequiredArgument,
} from "graphql";

/* Documents made from the schema that ask for everything there is, so that what is added to it is asked for as well. */

/** Maximum depth of nested objects. */
const MAX_DEPTH = 5;
/** Maximum number of fields of a document. Limits the rows that it reads. */
const MAX_FIELDS = 1700;

export interface DeepDocument {
  readonly text: string;
  /** The relations that it selects, for example `App.releases`. */
  readonly relations: ReadonlySet<string>;
}

/** Builds a document that selects everything reachable from a root field, as deep as the limits allow. Passes the given arguments as variables. */
export function deepDocument(
  schema: GraphQLSchema,
  kind: "query" | "subscription",
  field: GraphQLField<unknown, unknown>,
  given: Readonly<Record<string, unknown>>,
): DeepDocument {
  const args = field.args.filter((arg) => arg.name in given);
  const variables = args.map((arg) => `$${arg.name}:${arg.type}`).join(" ");
  const passed = args.map((arg) => `${arg.name}:$${arg.name}`).join(" ");
  let document: DeepDocument | null = null;
  for (let depth = 1; depth <= MAX_DEPTH; depth += 1) {
    const made: DocumentState = { schema, relations: new Set(), fields: 0 };
    const inside = buildSelection(made, field.type, depth, true);
    if (document !== null && made.fields > MAX_FIELDS) break;
    const text = `${kind}${variables && `(${variables})`}{${field.name}${passed && `(${passed})`}${inside}}`;
    document = { text, relations: made.relations };
  }
  if (document === null) throw new Error(`There is no document for ${field.name}.`);
  return document;
}

interface DocumentState {
  readonly schema: GraphQLSchema;
  readonly relations: Set<string>;
  fields: number;
}

function buildSelection(made: DocumentState, output: GraphQLOutputType, depth: number, outermost = false): string {
  const type = getNamedType(output);
  if (isLeafType(type)) return "";
  if (isAbstractType(type)) {
    const kinds = made.schema.getPossibleTypes(type);
    return `{__typename ${kinds.map((one) => `...on ${one.name}{${buildFields(made, one.name, depth, outermost, `${one.name}_`)}}`).join(" ")}}`;
  }
  return `{${buildFields(made, type.name, depth, outermost, "")}}`;
}

/** @param prefix prefix of the aliases, so that fields of different types do not conflict */
function buildFields(made: DocumentState, name: string, depth: number, outermost: boolean, prefix: string): string {
  const type = made.schema.getType(name);
  if (!isObjectType(type)) throw new Error(`${name} is no object type.`);
  // Connections and edges do not count as a level of depth.
  const isPart = /(Connection|Edge)$/.test(name);
  const parts = Object.values(type.getFields()).flatMap((field) => {
    const leaf = isLeafType(getNamedType(field.type));
    // Select `nodes` or `edges`, not both, except at the top.
    if (field.name === "edges" && !outermost) return [];
    if (!leaf && depth === 0 && !isPart) return [];
    if (!leaf && !isPart) made.relations.add(`${name}.${field.name}`);
    made.fields += 1;
    const page = field.args.some((arg) => arg.name === "first") ? `(first:${outermost ? 100 : 12})` : "";
    const inside = leaf ? "" : buildSelection(made, field.type, isPart ? depth : depth - 1, outermost && isPart);
    return [`${prefix && `${prefix}${field.name}:`}${field.name}${page}${inside}`];
  });
  return parts.length === 0 ? "__typename" : parts.join(" ");
}

/** Finds every field between object types that a query or subscription can reach. */
export function findRelations(schema: GraphQLSchema): Set<string> {
  const relations = new Set<string>();
  const seen = new Set<string>();
  const visit = (output: GraphQLOutputType) => {
    const type = getNamedType(output);
    if (seen.has(type.name)) return;
    seen.add(type.name);
    if (isAbstractType(type)) for (const one of schema.getPossibleTypes(type)) visit(one);
    if (!isObjectType(type)) return;
    for (const field of Object.values(type.getFields())) {
      if (isLeafType(getNamedType(field.type))) continue;
      if (!/(Connection|Edge)$/.test(type.name)) relations.add(`${type.name}.${field.name}`);
      visit(field.type);
    }
  };
  for (const root of [schema.getQueryType(), schema.getSubscriptionType()]) {
    for (const field of Object.values(root?.getFields() ?? {})) visit(field.type);
  }
  return relations;
}

/** Values to try for arguments, by type. */
export interface CandidateValues {
  /** Ids and names. */
  readonly ids: readonly string[];
  readonly texts: readonly string[];
  /** Input objects, by the name of their type. */
  readonly inputs: Readonly<Record<string, readonly object[]>>;
}

/** Pagination arguments do not change which objects are visible. */
const PAGINATION_ARGUMENTS = new Set(["first", "after", "last", "before"]);

/** Returns the argument sets to try for a root field: required arguments in all combinations, and each optional one separately. */
export function combineArguments(
  field: GraphQLField<unknown, unknown>,
  values: CandidateValues,
): Record<string, unknown>[] {
  const required = field.args.filter(isRequiredArgument);
  let base: Record<string, unknown>[] = [{}];
  for (const arg of required) {
    base = base.flatMap((one) => candidateValues(arg.type, values).map((value) => ({ ...one, [arg.name]: value })));
  }
  const others = field.args.filter((arg) => !isRequiredArgument(arg) && !PAGINATION_ARGUMENTS.has(arg.name));
  const first = base[0] ?? {};
  const each = others.flatMap((arg) =>
    candidateValues(arg.type, values).map((value) => ({ ...first, [arg.name]: value })),
  );
  return [...base, ...each];
}

function candidateValues(input: GraphQLInputType, values: CandidateValues): unknown[] {
  const nullable = getNullableType(input);
  if (isListType(nullable)) return candidateValues(nullable.ofType, values).map((value) => [value]);
  const type = getNamedType(input);
  if (isEnumType(type)) return type.getValues().map(({ name }) => name);
  if (isInputObjectType(type)) {
    const given = values.inputs[type.name];
    if (given !== undefined) return [...given];
    const fields = Object.values(type.getFields());
    if (!fields.every((field) => isEnumType(getNamedType(field.type)))) {
      throw new Error(`There is no sample value for ${type.name}.`);
    }
    return [Object.fromEntries(fields.map((field) => [field.name, candidateValues(field.type, values)[0]]))];
  }
  if (type.name === "ID") return [...values.ids];
  if (type.name === "String") return [...values.texts];
  if (type.name === "Boolean") return [true, false];
  if (type.name === "Int") return [1];
  throw new Error(`There is no sample value for ${type.name}.`);
}
