import { GraphQLScalarType, Kind } from "graphql";
import { GraphQLDateTimeISO } from "graphql-scalars";

/** Times go out as ISO 8601 in UTC with milliseconds, and come in as ISO 8601 with any offset. */
export const DateTimeScalar = new GraphQLScalarType({
  ...GraphQLDateTimeISO.toConfig(),
  name: "DateTime",
  description: "A moment, as ISO 8601 in UTC: `2026-03-01T12:00:00.000Z`.",
  serialize: (value) => (value instanceof Date ? value.toISOString() : GraphQLDateTimeISO.serialize(value)),
});

/** Text on the wire; whether it is a cursor of ours is for the log to say, with a message of its own. */
export const EventCursorScalar = new GraphQLScalarType<string, string>({
  name: "EventCursor",
  description:
    "A position in the event log: opaque to clients, totally ordered, and valid across restarts and server instances.",
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
