import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import fc from "fast-check";
import {
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredInputField,
} from "graphql";
import { MAX_BODY_BYTES } from "../../../src/server/execution/admission/limits.js";
import type { GraphQLResponse } from "../../support/clients/client.js";
import { Socket } from "../../support/clients/socket.js";
import { Seed, unique } from "../../support/data/seed.js";
import { runsPerEngine } from "../../support/database/engine.js";
import { buildDocument, introspect, listOperations, type Operation } from "../../support/documents/operations.js";
import { suiteCleanup } from "../../support/service/cleanup.js";
import { ADMIN_SECRET, type Cleanup, startServer, type TestServer } from "../../support/service/server.js";

/**
 * Number of inputs for each of the two kinds, over each transport: more than a thousand per run of both engines. FUZZ_RUNS
 * overrides it.
 */
const RUNS = Number(process.env.FUZZ_RUNS ?? runsPerEngine(400));

type Send = (document: string, variables?: Record<string, unknown>) => Promise<GraphQLResponse<unknown>>;

/** How a document is sent over each transport. */
const TRANSPORTS: Readonly<Record<string, (server: TestServer, cleanup: Cleanup) => Promise<Send>>> = {
  HTTP: async ({ admin }) => admin.post.bind(admin),
  WebSocket: async ({ url }, cleanup) => {
    let socket = await Socket.open(cleanup, url, ADMIN_SECRET);
    return async (document, variables = {}) => {
      const operation = socket.run(document, variables);
      // A message that is far too big closes the socket: the service does not read it to its end.
      if (Buffer.byteLength(JSON.stringify({ document, variables })) > SMALLEST_TO_CLOSE_BYTES) {
        await Promise.race([operation.until(({ errors }) => errors !== null), socket.closed]).catch(() => undefined);
        if (socket.code !== null) {
          assert.equal(socket.code, 1009);
          socket = await Socket.open(cleanup, url, ADMIN_SECRET);
          return TOO_BIG as GraphQLResponse<unknown>;
        }
      }
      await operation.until(({ complete, errors }) => complete || errors !== null);
      socket.operations.delete(operation.id);
      const { data, errors = operation.errors ?? undefined } = operation.results[0] ?? {};
      return { status: 200, data, errors } as GraphQLResponse<unknown>;
    };
  },
};

/** A socket is closed by a message of at least four times the size of a request body, measured with what surrounds the operation. */
const SMALLEST_TO_CLOSE_BYTES = 4 * MAX_BODY_BYTES - 1024;
const TOO_BIG = { status: 200, data: undefined, errors: [{ message: "", extensions: { code: "QUERY_TOO_LARGE" } }] };

const CODES = new Set([
  "NOT_FOUND",
  "BAD_USER_INPUT",
  "CONFLICT",
  "PROMOTION_BLOCKED",
  "IDEMPOTENCY_KEY_REUSED",
  "CURSOR_EXPIRED",
  "QUERY_TOO_LARGE",
  "GRAPHQL_PARSE_FAILED",
  "GRAPHQL_VALIDATION_FAILED",
]);

for (const [transport, connect] of Object.entries(TRANSPORTS)) {
  describe(`any input over ${transport}`, () => {
    let send: Send;
    let server: TestServer;
    let schema: GraphQLSchema;
    let operations: Operation[];
    let there: string[];
    const cleanup = suiteCleanup();
    before(async () => {
      server = await startServer(cleanup);
      schema = await introspect(server.admin);
      operations = listOperations(schema);
      there = await furnish(server);
      send = await connect(server, cleanup);
    });

    it("in arguments gets data or a catalogued error code", async () => {
      const operation = fc.constantFrom(...operations);
      const arbitrary = operation.chain((chosen) => fc.tuple(fc.constant(chosen), getArguments(chosen, there)));
      await fc.assert(
        fc.asyncProperty(arbitrary, async ([chosen, given]) => {
          const variables = JSON.parse(JSON.stringify(given)) as Record<string, unknown>;
          expectSound(await send(buildDocument(chosen, variables), variables), chosen.name);
        }),
        { numRuns: RUNS },
      );
      await server.admin.ask("{ viewer { name } }");
    });

    it("as a valid document gets data or a catalogued error code", async () => {
      const root = schema.getQueryType();
      assert.ok(root);
      const selection = fc
        .infiniteStream(fc.nat())
        .map((numbers) => getSelection(schema, root.name, numbers, 5, there))
        .filter((text) => text.length < 50_000);
      await fc.assert(
        fc.asyncProperty(selection, async (text) => {
          expectSound(await send(`query ${text}`), text);
        }),
        { numRuns: RUNS },
      );
      await server.admin.ask("{ viewer { name } }");
    });

    it("as an invalid document gets a catalogued error code", async () => {
      const token = fc.constantFrom(
        ..."{}()[]:!$@,&|=",
        "...",
        '"',
        '"""',
        "\n",
        "\\u",
        "#",
        "query",
        "on",
        "a",
        "1",
        "é",
        "\0",
      );
      await fc.assert(
        fc.asyncProperty(
          fc.oneof(
            fc.string({ unit: "binary" }),
            fc.array(token).map((all) => all.join(" ")),
          ),
          async (text) => {
            const { errors } = await send(text);
            assert.ok(
              errors?.every(({ extensions }) => CODES.has(extensions.code)),
              JSON.stringify(errors),
            );
          },
        ),
        { numRuns: runsPerEngine(100) },
      );
    });
  });
}

/** Asserts that a response has data, or errors with a message and a catalogued code. */
function expectSound({ status, data, errors }: GraphQLResponse<unknown>, what: string): void {
  if (errors === undefined) {
    assert.equal(status, 200, what);
    assert.ok(data, what);
    return;
  }
  for (const { message, extensions } of errors) {
    assert.ok(CODES.has(extensions.code), `${what}: ${extensions.code} ${message}`);
    assert.ok(message.length > 10 && !/sqlite|SELECT|constraint|node_modules/.test(message), message);
    if (extensions.code === "NOT_FOUND") assert.ok(extensions.field, message);
  }
}

/** Creates one object of each type, so that some ids exist. Returns names and ids. */
async function furnish({ admin }: TestServer): Promise<string[]> {
  const seed = new Seed(admin);
  const pipeline = await seed.pipeline({ repository: "github.com/tests/fuzz", reviewAppsEnabled: true });
  const dev = await seed.coupled(pipeline, "DEVELOPMENT");
  const stg = await seed.coupled(pipeline, "STAGING", { deploymentMode: "REPORTED" });
  const build = await seed.build({ repository: "github.com/tests/fuzz" });
  const release = await seed.release(dev, build);
  const free = await seed.app({ name: unique("free") });
  const { promotion } = await admin.mutate("promote", { app: dev.id }, "promotion { id targets { id } }");
  const { status } = await admin.mutate(
    "reportStatus",
    { release: release.id, context: "ci", state: "SUCCESS" },
    "status { id }",
  );
  return [pipeline, dev, stg, build, release, free, promotion, promotion.targets[0], status]
    .flatMap((one) => [one.id, one.name, one.couplingId])
    .filter((one) => typeof one === "string");
}

const ODD_TEXT = [
  "",
  " ",
  "\0",
  "a\0b",
  "\ud800",
  "x\udfff",
  "'",
  "'; DROP TABLE apps; --",
  "%",
  "__proto__",
  "constructor",
  "null",
  "\u202e",
  "é".repeat(300),
  "a".repeat(63),
  "a".repeat(64),
  "x".repeat(9000),
  "%".repeat(30_000),
  "ZXZlbnQ6MA",
  Buffer.from("event:9007199254740993").toString("base64url"),
  Buffer.from("name:a").toString("base64url"),
  Buffer.from("version:4294967296").toString("base64url"),
  "http://a",
  "https://[",
  "github.com/a/b",
];

function getText(there: readonly string[]): fc.Arbitrary<string> {
  const known = fc.constantFrom(...there);
  return fc.oneof(
    { arbitrary: known, weight: 4 },
    known.map((text) => text.toUpperCase()),
    fc.constantFrom(...ODD_TEXT),
    fc.string({ unit: "binary", maxLength: 100 }),
    fc.uuid(),
    fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/),
  );
}

const NUMBERS = fc.oneof(
  fc.integer({ min: -3, max: 110 }),
  fc.constantFrom(2 ** 31 - 1, -(2 ** 31), 2 ** 31, 1e308, 0.5),
);
const TIMES = fc.constantFrom(
  "2999-01-01T00:00:00.000Z",
  "0000-01-01T00:00:00Z",
  "9999-12-31T23:59:59.999+14:00",
  "2026-02-30T00:00:00Z",
  "tomorrow",
  "",
);
const WRONG = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.double(),
  fc.string(),
  fc.constant([]),
  fc.constant({}),
  fc.constant([[null]]),
);

/** Values for a type: mostly valid, some unusual or invalid. */
function wholeValue(type: GraphQLInputType, there: readonly string[]): fc.Arbitrary<unknown> {
  if (isNonNullType(type)) return wholeValue(type.ofType, there);
  return fc.oneof({ arbitrary: fittingValue(type, there), weight: 30 }, WRONG);
}

function fittingValue(type: GraphQLInputType, there: readonly string[]): fc.Arbitrary<unknown> {
  if (isListType(type)) {
    const lengths = fc.constantFrom(0, 1, 2, 3, 51, 201);
    return lengths.chain((length) =>
      fc.array(wholeValue(type.ofType, there), { minLength: length, maxLength: length }),
    );
  }
  if (isEnumType(type)) return fc.constantFrom(...type.getValues().map(({ name }) => name));
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields());
    const requiredKeys = fields.filter(isRequiredInputField).map(({ name }) => name);
    const model = Object.fromEntries(fields.map((field) => [field.name, wholeValue(field.type, there)]));
    return fc.oneof(
      { arbitrary: fc.record(model, { requiredKeys }), weight: 20 },
      fc.record(model, { requiredKeys: [] }),
    );
  }
  const scalars: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
    Int: NUMBERS,
    Boolean: fc.boolean(),
    DateTime: TIMES,
  };
  return scalars[getNamedType(type).name] ?? getText(there);
}

function getArguments({ field }: Operation, there: readonly string[]): fc.Arbitrary<Record<string, unknown>> {
  const model = Object.fromEntries(field.args.map((arg) => [arg.name, wholeValue(arg.type, there)]));
  const requiredKeys = field.args.filter((arg) => isNonNullType(arg.type)).map((arg) => arg.name);
  return fc.record(model, { requiredKeys });
}

/** A selection set for a type, built from numbers: fields with literal arguments, up to a depth. */
function getSelection(
  schema: GraphQLSchema,
  typeName: string,
  numbers: Iterator<number>,
  depth: number,
  there: readonly string[],
): string {
  const type = schema.getType(typeName);
  if (type === undefined || !(isObjectType(type) || isInterfaceType(type))) return "";
  const next = (below: number) => (numbers.next().value as number) % below;
  const all = Object.values(type.getFields()).filter(
    (field) => depth > 1 || !("getFields" in getNamedType(field.type)),
  );
  const chosen = all.filter(() => next(100) < (depth > 3 ? 15 : 35));
  const fields = chosen.map((field, index) => {
    const args = field.args
      .filter((arg) => isNonNullType(arg.type) || next(3) === 0)
      .map((arg) => `${arg.name}: ${getLiteral(arg.type, next, there)}`);
    const inner = getSelection(schema, getNamedType(field.type).name, numbers, depth - 1, there);
    return `f${index}: ${field.name}${args.length === 0 ? "" : `(${args.join(", ")})`} ${inner}`;
  });
  return `{ __typename ${fields.join(" ")} }`;
}

function getLiteral(type: GraphQLInputType, next: (below: number) => number, there: readonly string[]): string {
  if (isNonNullType(type)) return getLiteral(type.ofType, next, there);
  if (next(20) === 0) return "null";
  if (isListType(type)) return `[${getLiteral(type.ofType, next, there)}]`;
  if (isEnumType(type)) return type.getValues()[next(type.getValues().length)]?.name ?? "null";
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields()).filter((field) => isRequiredInputField(field) || next(2) === 0);
    return `{ ${fields.map((field) => `${field.name}: ${getLiteral(field.type, next, there)}`).join(", ")} }`;
  }
  const { name } = type;
  if (name === "Int") return String([0, 1, 2, 3, 25, 100, 101, -1, 2147483647][next(9)]);
  if (name === "Boolean") return next(2) === 0 ? "true" : "false";
  const texts = next(3) === 0 ? ODD_TEXT.filter((text) => text.length < 200) : there;
  return JSON.stringify(texts[next(texts.length)]);
}
