export interface Attack {
  readonly query: string;
  readonly variables?: Record<string, unknown>;
  readonly code: string;
}

const nested = (levels: number, open: string, close: string, inside: string) =>
  `${open.repeat(levels)}${inside}${close.repeat(levels)}`;
const times = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => text(i)).join(" ");

/** What somebody means ill with, and the code that it is refused with, whichever way it comes. */
export const ATTACKS: Readonly<Record<string, Attack>> = {
  "5,000 aliases": { query: `{ ${times(5000, (i) => `a${i}: __typename`)} }`, code: "QUERY_TOO_LARGE" },
  "31 aliases at the root": { query: `{ ${times(31, (i) => `a${i}: __typename`)} }`, code: "QUERY_TOO_LARGE" },
  "31 aliases in a fragment": {
    query: `{ ...F } fragment F on Query { ${times(31, (i) => `a${i}: __typename`)} }`,
    code: "QUERY_TOO_LARGE",
  },
  "100 levels": {
    query: `{ pipelines { nodes { couplings { ${nested(100, "nodes { pipeline { couplings { ", "} } } ", "totalCount ")} } } } }`,
    code: "QUERY_TOO_LARGE",
  },
  "levels of inline fragments": {
    query: `{ ${nested(600, "... { ", "} ", "__typename ")} }`,
    code: "QUERY_TOO_LARGE",
  },
  "a fragment in itself": { query: "{ ...F } fragment F on Query { viewer { name } ...F }", code: "QUERY_TOO_LARGE" },
  "fragments in a circle": {
    query: "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
    code: "QUERY_TOO_LARGE",
  },
  "a circle that nobody asks for": {
    query: "{ viewer { name } } fragment A on Query { ...B } fragment B on Query { ...A }",
    code: "QUERY_TOO_LARGE",
  },
  "fragments that double": {
    query: `{ ...F0 } ${times(18, (i) => `fragment F${i} on Query { a: pipelines { nodes { id } } ...F${i + 1} b: viewer { ...V } }`)} fragment F18 on Query { c: __typename } fragment V on Viewer { name }`,
    code: "QUERY_TOO_LARGE",
  },
  "2,000 of one field": { query: `{ viewer { ${"name ".repeat(2000)} } }`, code: "QUERY_TOO_LARGE" },
  "1,900 of one field": { query: `{ viewer { ${"name ".repeat(1900)} } }`, code: "QUERY_TOO_LARGE" },
  "one field, spread over many": {
    query: `{ ${"viewer { name name name name name } ".repeat(25)} }`,
    code: "QUERY_TOO_LARGE",
  },
  "51 directives": { query: `{ viewer { name ${"@include(if: true) ".repeat(51)} } }`, code: "QUERY_TOO_LARGE" },
  "unknown directives": { query: `{ viewer { name ${times(60, (i) => `@d${i}`)} } }`, code: "QUERY_TOO_LARGE" },
  "huge lists": {
    query:
      "{ apps(first: 100) { nodes { releases(first: 100) { nodes { app { releases(first: 100) { nodes { id } } } } } } } }",
    code: "QUERY_TOO_LARGE",
  },
  "huge lists by variable": {
    query:
      "query ($n: Int = 1) { apps(first: $n) { nodes { releases(first: $n) { nodes { app { releases(first: $n) { nodes { id } } } } } } } }",
    variables: { n: 100 },
    code: "QUERY_TOO_LARGE",
  },
  "lists that negative pages make cheap": {
    query:
      "{ a: pipelines(first: -1000000) { nodes { id } } apps(first: 100) { nodes { releases(first: 100) { nodes { app { releases(first: 100) { nodes { id } } } } } } } }",
    code: "QUERY_TOO_LARGE",
  },
  "lists that are left out": {
    query:
      "{ apps(first: 100) { nodes { releases(first: 100) { nodes { app { releases(first: 100) @include(if: false) { nodes { id } } } } } } } }",
    code: "QUERY_TOO_LARGE",
  },
  "a negative page": { query: "{ pipelines(first: -1) { totalCount } }", code: "BAD_USER_INPUT" },
  "a page of too many": { query: "{ pipelines(first: 2000000000) { totalCount } }", code: "BAD_USER_INPUT" },
  "introspection of introspection": {
    query: `{ __schema { types { ${nested(6, "fields { type { ", "} } ", "name ")} } } }`,
    code: "GRAPHQL_VALIDATION_FAILED",
  },
  "deep variables": {
    query: "mutation ($input: CreateAppInput!) { createApp(input: $input) { app { id } } }",
    variables: { input: JSON.parse(nested(1000, "[", "]", "")) },
    code: "BAD_USER_INPUT",
  },
  "a null byte in the document": { query: "{ viewer { na\u0000me } }", code: "GRAPHQL_PARSE_FAILED" },
  "a null byte in a name": { query: '{ pipeline(pipeline: "a\\u0000b") { id } }', code: "-" },
  "brackets without an end": { query: "{".repeat(1500), code: "GRAPHQL_PARSE_FAILED" },
  "a body past its size": { query: `{ viewer { name } } #${"x".repeat(70_000)}`, code: "QUERY_TOO_LARGE" },
  "fields that nobody has": {
    query: `{ viewer { ${times(1900, (i) => `nothing${i}`)} } }`,
    code: "GRAPHQL_VALIDATION_FAILED",
  },
  "fields that nobody has, behind many lines": {
    query: `${"\n".repeat(20_000)}{ viewer { ${times(1900, (i) => `nothing${i}`)} } }`,
    code: "QUERY_TOO_LARGE",
  },
  "fields that nobody has, behind as many lines as there may be": {
    query: `${"\n".repeat(2490)}{ viewer { ${times(1900, (i) => `nothing${i}`)} } }`,
    code: "GRAPHQL_VALIDATION_FAILED",
  },
  "fields that are almost right": {
    query: `{ promotions { nodes { ${times(1900, (i) => `finishedAt${i}`)} } } }`,
    code: "GRAPHQL_VALIDATION_FAILED",
  },
  "fields of long names that nobody has": {
    query: `{ viewer { ${times(15, (i) => `a${"b".repeat(4000)}${i}`)} } }`,
    code: "GRAPHQL_VALIDATION_FAILED",
  },
  "an error behind many lines": { query: `${"\n".repeat(30_000)}{`, code: "QUERY_TOO_LARGE" },
  "comments without an end": { query: `{ viewer { name } ${"#\n".repeat(21_000)} }`, code: "QUERY_TOO_LARGE" },
  "fragments of fields that are all compared": {
    query: `{ viewer { ${times(50, (i) => `...F${i}`)} } } ${times(50, (i) => `fragment F${i} on Viewer { ${times(10, (j) => `a${i}x${j}: name`)} }`)}`,
    code: "-",
  },
  "fragments that are all compared": {
    query: `{ viewer { ${times(180, (i) => `...F${i}`)} } } ${times(180, (i) => `fragment F${i} on Viewer { a${i}: name }`)}`,
    code: "QUERY_TOO_LARGE",
  },
  "fragments in fragments that are all compared": {
    query: `{ viewer { ...F0 } } ${times(50, (i) => `fragment F${i} on Viewer { a${i}: name ${times(Math.min(12, 49 - i), (j) => `...F${i + 1 + j}`)} }`)}`,
    code: "QUERY_TOO_LARGE",
  },
  "fields that are compared in many places": {
    query: `{ ${times(19, (i) => `viewer { ${times(30, (j) => `a${i}x${j}: name`)} }`)} }`,
    code: "-",
  },
  "as many fragments in fragments as there may be": {
    query: `{ viewer { ...F0 } } ${times(49, (i) => `fragment F${i} on Viewer { a${i}: name ${times(Math.min(9, 48 - i), (j) => `...F${i + 1 + j}`)} }`)}`,
    code: "QUERY_TOO_LARGE",
  },
  "variables that nobody uses": {
    query: `query (${times(390, (i) => `$v${i}: Int`)}) { viewer { name } }`,
    code: "GRAPHQL_VALIDATION_FAILED",
  },
  "variables that nobody has": {
    query: `{ ${times(25, (i) => `a${i}: pipelines(${times(12, (j) => `b${j}: $v${i}x${j}`)}) { totalCount }`)} }`,
    code: "GRAPHQL_VALIDATION_FAILED",
  },
  "a list of what is none of its kind": {
    query: `{ events(types: [${times(1900, (i) => `NOTHING${i}`)}]) { totalCount } }`,
    code: "GRAPHQL_VALIDATION_FAILED",
  },
  "operations without an end": {
    query: times(390, (i) => `query Q${i} { __typename }`),
    code: "QUERY_TOO_LARGE",
  },
  "fragments that nobody uses": {
    query: `{ __typename } ${times(260, (i) => `fragment F${i} on Viewer { name }`)}`,
    code: "QUERY_TOO_LARGE",
  },
  "a text of many lines": {
    query: `{ pipeline(pipeline: """${"\n a".repeat(16_000)}""") { id } }`,
    code: "QUERY_TOO_LARGE",
  },
  "values of the wrong kind": {
    query: "mutation ($input: CreateAppInput!) { createApp(input: $input) { app { id } } }",
    variables: { input: Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`nothing${i}`, i])) },
    code: "BAD_USER_INPUT",
  },
  "a list of the wrong kind": {
    query: "query ($types: [EventType!]) { events(types: $types) { pageInfo { hasNextPage } } }",
    variables: { types: Array.from({ length: 4000 }, (_, i) => `NOTHING${i}`) },
    code: "BAD_USER_INPUT",
  },
};
