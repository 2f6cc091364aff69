import { GraphQLScalarType, Kind } from "graphql";
import { GraphQLDateTimeISO } from "graphql-scalars";

/** Output: ISO 8601 in UTC with milliseconds. Input: ISO 8601 with any offset. */
export const DateTimeScalar = new GraphQLScalarType({
  ...GraphQLDateTimeISO.toConfig(),
  name: "DateTime",
  description: "A point in time as ISO 8601 in UTC, for example `2026-03-01T12:00:00.000Z`.",
  serialize: (value) => (value instanceof Date ? value.toISOString() : GraphQLDateTimeISO.serialize(value)),
});

/** A string. The domain validates the cursor and writes the error message. */
export const EventCursorScalar = new GraphQLScalarType<string, string>({
  name: "EventCursor",
  description:
    "A position in the event log. Opaque to clients, totally ordered, and valid across restarts and server instances.",
  serialize: String,
  parseValue: (value) => {
    if (typeof value !== "string") throw new TypeError("EventCursor must be a string.");
    return value;
  },
  parseLiteral: (node) => {
    if (node.kind !== Kind.STRING) throw new TypeError("EventCursor must be a string.");
    return node.value;
  },
});
