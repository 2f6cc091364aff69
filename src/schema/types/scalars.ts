import { GraphQLError, GraphQLScalarType, Kind } from "graphql";
import { GraphQLDateTimeISO } from "graphql-scalars";
import { formatDuration } from "../../domain/core/values/duration.js";

/** Output: ISO 8601 in UTC with milliseconds. Input: ISO 8601 with any offset. */
export const DateTimeScalar = new GraphQLScalarType({
  ...GraphQLDateTimeISO.toConfig(),
  name: "DateTime",
  description: "A point in time as ISO 8601 in UTC, for example `2026-03-01T12:00:00.000Z`.",
  specifiedByURL: "https://scalars.graphql.org/andimarek/date-time.html",
  serialize: (value) => (value instanceof Date ? value.toISOString() : GraphQLDateTimeISO.serialize(value)),
});

/** The domain validates the cursor and writes the error message. */
export const EventCursorScalar = textScalar({
  name: "EventCursor",
  description:
    "A position in the event log. Opaque to clients, totally ordered, and valid across restarts and server instances.",
  specifiedByURL: "https://relay.dev/graphql/connections.htm#sec-Cursor",
  serialize: String,
});

/**
 * Milliseconds in results, text in input: the domain parses it, because the bounds depend on the field. The default of
 * an input field is also text, and is serialized when the schema is printed.
 */
export const DurationScalar = textScalar({
  name: "Duration",
  description: "A whole number and a unit: `90s`, `10m`, `72h`, `30d`. The units are `ms`, `s`, `m`, `h` and `d`.",
  specifiedByURL: "https://prometheus.io/docs/prometheus/latest/querying/basics/#float-literals-and-time-durations",
  serialize: (value) => (typeof value === "string" ? value : formatDuration(value as number)),
});

/** The domain validates the URL and writes the error message. */
export const UrlScalar = textScalar({
  name: "URL",
  description: "An absolute URL, http or https. The same text as a `String`.",
  specifiedByURL: "https://url.spec.whatwg.org/",
  serialize: String,
});

/** The domain validates the hash and writes the error message. */
export const GitObjectIdScalar = textScalar({
  name: "GitObjectID",
  description:
    "The hash of a commit: 4 to 64 hexadecimal digits, in lower case in responses. The same text as a `String`.",
  specifiedByURL: "https://git-scm.com/docs/gitglossary#Documentation/gitglossary.txt-objectname",
  serialize: String,
});

/** The domain validates dates, times and zones and writes the error messages. */
export const LocalDateScalar = textScalar({
  name: "LocalDate",
  description: "A calendar day, for example `2026-12-24`.",
  specifiedByURL: "https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
  serialize: String,
});

export const LocalTimeScalar = textScalar({
  name: "LocalTime",
  description: "A time of day on the wall clock, from `00:00` to `23:59`, also with seconds: `09:30:15`.",
  specifiedByURL: "https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
  serialize: String,
});

export const TimeZoneScalar = textScalar({
  name: "TimeZone",
  description: "The name of an IANA time zone, for example `Europe/Berlin`.",
  specifiedByURL: "https://www.iana.org/time-zones",
  serialize: String,
});

interface TextScalar {
  readonly name: string;
  readonly description: string;
  readonly specifiedByURL: string;
  readonly serialize: (value: unknown) => string;
}

/** A scalar whose input is any string. */
function textScalar(config: TextScalar): GraphQLScalarType<string, string> {
  const requireText = (value: unknown): string => {
    if (typeof value === "string") return value;
    throw new GraphQLError(`${config.name} must be a string.`);
  };
  return new GraphQLScalarType<string, string>({
    ...config,
    parseValue: requireText,
    parseLiteral: (node) => requireText(node.kind === Kind.STRING ? node.value : null),
  });
}
