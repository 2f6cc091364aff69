import {
  buildClientSchema,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLSchema,
  getIntrospectionQuery,
  getNamedType,
  type IntrospectionQuery,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  isRequiredInputField,
} from "graphql";
import type { Client } from "../clients/client.js";

/** A query or mutation of the public API. */
export interface Operation {
  readonly kind: "query" | "mutation";
  readonly name: string;
  readonly field: GraphQLField<unknown, unknown>;
}

/** Introspects the schema as a signed-in client. */
export async function introspect(client: Client): Promise<GraphQLSchema> {
  const options = { inputValueDeprecation: true };
  return buildClientSchema(await client.ask<IntrospectionQuery>(getIntrospectionQuery(options)));
}

/** Lists all queries and mutations of a schema. */
export function listOperations(schema: GraphQLSchema): Operation[] {
  const of = (kind: Operation["kind"], type = kind === "query" ? schema.getQueryType() : schema.getMutationType()) =>
    Object.values(type?.getFields() ?? {}).map((field): Operation => ({ kind, name: field.name, field }));
  return [...of("query"), ...of("mutation")];
}

/** Builds a document that runs an operation and passes the given arguments as variables. */
export function buildDocument({ kind, name, field }: Operation, given: Readonly<Record<string, unknown>>): string {
  const args = field.args.filter((arg) => arg.name in given);
  const variables = args.map((arg) => `$${arg.name}: ${arg.type}`).join(", ");
  const passed = args.map((arg) => `${arg.name}: $${arg.name}`).join(", ");
  const inside = isScalarLike(field) ? "" : "{ __typename }";
  return `${kind} ${variables && `(${variables})`} { ${name} ${passed && `(${passed})`} ${inside} }`;
}

function isScalarLike(field: GraphQLField<unknown, unknown>): boolean {
  const type = getNamedType(field.type);
  return !("getFields" in type || "getTypes" in type);
}

/** A sample value per scalar. */
const SCALARS: Readonly<Record<string, unknown>> = {
  ID: "01890a5d-ac96-774b-bcce-b302099a8057",
  String: "sample",
  Int: 1,
  Boolean: false,
  DateTime: "2999-01-01T00:00:00.000Z",
  EventCursor: "ZXZlbnQ6MA",
  Duration: "10m",
  LocalDate: "2999-01-01",
  LocalTime: "09:00",
  TimeZone: "UTC",
  URL: "sample",
};

/** Returns a sample value of a type: required fields only, and ids that do not exist. */
export function sampleValue(type: GraphQLInputType): unknown {
  if (isNonNullType(type)) return sampleValue(type.ofType);
  if (isListType(type)) return [sampleValue(type.ofType)];
  if (isEnumType(type)) return type.getValues()[0]?.name;
  if (isInputObjectType(type)) return sampleValues(Object.values(type.getFields()).filter(isRequiredInputField));
  return SCALARS[type.name];
}

/** Returns sample values for all required arguments of an operation. */
export function sampleArguments({ field }: Operation): Record<string, unknown> {
  return sampleValues(field.args.filter(isRequiredArgument));
}

function sampleValues(fields: readonly (GraphQLArgument | GraphQLInputField)[]): Record<string, unknown> {
  return Object.fromEntries(fields.map((field) => [field.name, sampleValue(field.type)]));
}
