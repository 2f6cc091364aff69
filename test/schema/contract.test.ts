import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import {
  buildSchema as buildFromText,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
} from "graphql";
import { REFUSALS } from "../../src/domain/core/refusal.js";
import { getSchema, printedSchema } from "../../src/schema/build.js";
import { PAGE_SIZE } from "../../src/schema/connections.js";

const contract = buildFromText(readFileSync("test/schema/contract.graphql", "utf8"));
const emitted = getSchema();

/** Every difference in which the schema lacks something of the contract or has another type for it. */
function differences(wanted: GraphQLSchema, found: GraphQLSchema): string[] {
  const problems: string[] = [];
  const same = (where: string, expected: unknown, actual: unknown) => {
    if (String(expected) !== String(actual)) problems.push(`${where} is ${actual}, and must be ${expected}`);
  };
  for (const type of Object.values(wanted.getTypeMap())) {
    if (isIntrospectionType(type) || isSpecifiedScalarType(type)) continue;
    const other = found.getType(type.name);
    if (other === undefined) {
      problems.push(`${type.name} is missing`);
      continue;
    }
    same(`the kind of ${type.name}`, type.constructor.name, other.constructor.name);
    if (isEnumType(type) && isEnumType(other)) {
      for (const { name } of type.getValues()) {
        if (other.getValue(name) === undefined) problems.push(`${type.name}.${name} is missing`);
      }
    }
    if (hasInterfaces(type) && hasInterfaces(other)) {
      const names = other.getInterfaces().map((one) => one.name);
      for (const { name } of type.getInterfaces()) {
        if (!names.includes(name)) problems.push(`${type.name} does not implement ${name}`);
      }
    }
    for (const [name, field] of Object.entries(getFields(type))) {
      const there = getFields(other)[name];
      if (there === undefined) {
        problems.push(`${type.name}.${name} is missing`);
        continue;
      }
      same(`${type.name}.${name}`, field.type, there.type);
      for (const argument of getArguments(field)) {
        const given = getArguments(there).find((one) => one.name === argument.name);
        same(`${type.name}.${name}(${argument.name})`, argument.type, given?.type);
      }
    }
  }
  return problems;
}

function hasInterfaces(type: GraphQLNamedType) {
  return isObjectType(type) || isInterfaceType(type);
}

type AnyField = Pick<GraphQLField<unknown, unknown>, "type" | "description"> & { args?: readonly GraphQLArgument[] };

function getFields(type: GraphQLNamedType): Record<string, AnyField> {
  if (isObjectType(type) || isInterfaceType(type)) return type.getFields();
  return isInputObjectType(type) ? (type.getFields() as unknown as Record<string, AnyField>) : {};
}

function getArguments(field: AnyField): readonly GraphQLArgument[] {
  return field.args ?? [];
}

/** Every type, field, argument and enum value without a description. */
function undescribed(schema: GraphQLSchema): string[] {
  const silent: string[] = [];
  const look = (where: string, thing: { description?: string | null | undefined }) => {
    if (!thing.description?.trim()) silent.push(where);
  };
  for (const type of Object.values(schema.getTypeMap())) {
    if (isIntrospectionType(type) || isSpecifiedScalarType(type)) continue;
    look(type.name, type);
    if (isEnumType(type)) for (const value of type.getValues()) look(`${type.name}.${value.name}`, value);
    for (const [name, field] of Object.entries(getFields(type))) {
      look(`${type.name}.${name}`, field);
      for (const argument of getArguments(field)) look(`${type.name}.${name}(${argument.name})`, argument);
    }
  }
  return silent;
}

const ROLE = /(?:^|\. )Requires the (VIEWER|REPORTER|OPERATOR|ADMIN) role\./;

describe("the public contract", () => {
  it("is implemented completely: nothing missing, nothing of another type", () => {
    assert.deepEqual(differences(contract, emitted), []);
  });

  it("has a description on every type, field, argument and enum value", () => {
    assert.deepEqual(undescribed(emitted), []);
  });

  it("states the required role of every mutation", () => {
    const mutations = Object.entries(emitted.getMutationType()?.getFields() ?? {});
    const stated = new Map(mutations.map(([name, { description }]) => [name, ROLE.exec(description ?? "")?.[1]]));
    assert.deepEqual(
      [...stated].filter(([, role]) => role === undefined),
      [],
    );
    assert.equal(stated.get("reportStatus"), "REPORTER");
    assert.equal(stated.get("promote"), "OPERATOR");
    assert.equal(stated.get("revokeToken"), "ADMIN");
  });

  it("has a payload type of its own for every mutation, named after it", () => {
    for (const [name, { type }] of Object.entries(emitted.getMutationType()?.getFields() ?? {})) {
      assert.equal(String(type), `${name[0]?.toUpperCase()}${name.slice(1)}Payload`);
    }
  });

  it("lists every code of an error, with when it occurs", () => {
    const codes = emitted.getType("ErrorCode");
    assert.ok(isEnumType(codes));
    assert.deepEqual(Object.fromEntries(codes.getValues().map(({ name, description }) => [name, description])), {
      ...REFUSALS,
    });
  });

  it("says where each scalar is specified, and the default size of every page", () => {
    const scalars = Object.values(emitted.getTypeMap()).filter((type) => isScalarType(type));
    const own = scalars.filter((type) => !isSpecifiedScalarType(type));
    assert.deepEqual(own.map(({ name }) => name).sort(), [
      "DateTime",
      "Duration",
      "EventCursor",
      "GitObjectID",
      "LocalDate",
      "LocalTime",
      "TimeZone",
      "URL",
    ]);
    for (const { name, specifiedByURL } of own) assert.match(specifiedByURL ?? "", /^https:\/\/\S+$/, name);
    const lists = Object.values(emitted.getTypeMap()).flatMap((type) =>
      Object.entries(getFields(type)).filter(([, field]) => String(field.type).endsWith("Connection!")),
    );
    assert.ok(lists.length > 10, "the lists were found");
    for (const [name, field] of lists) {
      const first = getArguments(field).find((argument) => argument.name === "first");
      assert.equal(first?.defaultValue, PAGE_SIZE.default, name);
    }
  });

  it("prints defaults of durations as clients write them", () => {
    const defaults = [...printedSchema().matchAll(/: Duration = "(.*?)"/g)].map(([, text]) => text ?? "");
    assert.ok(defaults.includes("72h"), "the default of PromoteInput.expiresIn");
    for (const text of defaults) assert.match(text, /^\d+(ms|s|m|h|d)$/);
  });

  it("is committed as the code generates it", () => {
    const committed = readFileSync("src/schema/schema.graphql", "utf8");
    assert.equal(committed, printedSchema(), "src/schema/schema.graphql has drifted: run `npm run schema`");
  });
});
