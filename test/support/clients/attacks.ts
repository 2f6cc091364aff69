export interface Attack {
  readonly query: string;
  readonly variables?: Record<string, unknown>;
  readonly code: string;
}

const nested = (levels: number, open: string, close: string, inside: string) =>
  `${open.repeat(levels)}${inside}${close.repeat(levels)}`;
const times = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => text(i)).join(" ");

/** Hostile requests, each with the code of its refusal over every transport. "-" means that the request is accepted. */
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
  "a self-referencing fragment": {
    query: "{ ...F } fragment F on Query { viewer { name } ...F }",
    code: "QUERY_TOO_LARGE",
  },
  "a fragment cycle": {
    query: "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
    code: "QUERY_TOO_LARGE",
  },
  "an unused fragment cycle": {
    query: "{ viewer { name } } fragment A on Query { ...B } fragment B on Query { ...A }",
    code: "QUERY_TOO_LARGE",
  },
  "exponentially growing fragments": {
    query: `{ ...F0 } ${times(18, (i) => `fragment F${i} on Query { a: pipelines { nodes { id } } ...F${i + 1} b: viewer { ...V } }`)} fragment F18 on Query { c: __typename } fragment V on Viewer { name }`,
    code: "QUERY_TOO_LARGE",
  },
  "one field 2,000 times": { query: `{ viewer { ${"name ".repeat(2000)} } }`, code: "QUERY_TOO_LARGE" },
  "one field 1,900 times": { query: `{ viewer { ${"name ".repeat(1900)} } }`, code: "QUERY_TOO_LARGE" },
  "one field repeated in many selections": {
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
  "huge lists through variables": {
    query:
      "query ($n: Int = 1) { apps(first: $n) { nodes { releases(first: $n) { nodes { app { releases(first: $n) { nodes { id } } } } } } } }",
    variables: { n: 100 },
    code: "QUERY_TOO_LARGE",
  },
  "negative page sizes that reduce the cost": {
    query:
      "{ a: pipelines(first: -1000000) { nodes { id } } apps(first: 100) { nodes { releases(first: 100) { nodes { app { releases(first: 100) { nodes { id } } } } } } } }",
    code: "QUERY_TOO_LARGE",
  },
  "huge lists that are not included": {
    query:
      "{ apps(first: 100) { nodes { releases(first: 100) { nodes { app { releases(first: 100) @include(if: false) { nodes { id } } } } } } } }",
    code: "QUERY_TOO_LARGE",
  },
  "a negative page size": { query: "{ pipelines(first: -1) { totalCount } }", code: "BAD_USER_INPUT" },
  "a page size over the limit": { query: "{ pipelines(first: 2000000000) { totalCount } }", code: "BAD_USER_INPUT" },
  "nested introspection": {
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
  "unclosed brackets": { query: "{".repeat(1500), code: "GRAPHQL_PARSE_FAILED" },
  "a body over the size limit": { query: `{ viewer { name } } #${"x".repeat(70_000)}`, code: "QUERY_TOO_LARGE" },
  "unknown fields": {
    query: `{ viewer { ${times(1900, (i) => `nothing${i}`)} } }`,
    code: "GRAPHQL_VALIDATION_FAILED",
  },
  "unknown fields after many lines": {
    query: `${"\n".repeat(20_000)}{ viewer { ${times(1900, (i) => `nothing${i}`)} } }`,
    code: "QUERY_TOO_LARGE",
  },
  "unknown fields after the maximum number of lines": {
    query: `${"\n".repeat(2490)}{ viewer { ${times(1900, (i) => `nothing${i}`)} } }`,
    code: "GRAPHQL_VALIDATION_FAILED",
  },
  "misspelled fields": {
    query: `{ promotions { nodes { ${times(1900, (i) => `finishedAt${i}`)} } } }`,
    code: "GRAPHQL_VALIDATION_FAILED",
  },
  "unknown fields with long names": {
    query: `{ viewer { ${times(15, (i) => `a${"b".repeat(4000)}${i}`)} } }`,
    code: "GRAPHQL_VALIDATION_FAILED",
  },
  "a syntax error after many lines": { query: `${"\n".repeat(30_000)}{`, code: "QUERY_TOO_LARGE" },
  "thousands of comments": { query: `{ viewer { name } ${"#\n".repeat(21_000)} }`, code: "QUERY_TOO_LARGE" },
  "fragments with pairwise field comparison": {
    query: `{ viewer { ${times(50, (i) => `...F${i}`)} } } ${times(50, (i) => `fragment F${i} on Viewer { ${times(10, (j) => `a${i}x${j}: name`)} }`)}`,
    code: "-",
  },
  "many fragments with pairwise field comparison": {
    query: `{ viewer { ${times(180, (i) => `...F${i}`)} } } ${times(180, (i) => `fragment F${i} on Viewer { a${i}: name }`)}`,
    code: "QUERY_TOO_LARGE",
  },
  "nested fragments with pairwise field comparison": {
    query: `{ viewer { ...F0 } } ${times(50, (i) => `fragment F${i} on Viewer { a${i}: name ${times(Math.min(12, 49 - i), (j) => `...F${i + 1 + j}`)} }`)}`,
    code: "QUERY_TOO_LARGE",
  },
  "pairwise field comparison in many selections": {
    query: `{ ${times(19, (i) => `viewer { ${times(30, (j) => `a${i}x${j}: name`)} }`)} }`,
    code: "-",
  },
  "the maximum number of nested fragments": {
    query: `{ viewer { ...F0 } } ${times(49, (i) => `fragment F${i} on Viewer { a${i}: name ${times(Math.min(9, 48 - i), (j) => `...F${i + 1 + j}`)} }`)}`,
    code: "QUERY_TOO_LARGE",
  },
  "unused variables": {
    query: `query (${times(390, (i) => `$v${i}: Int`)}) { viewer { name } }`,
    code: "GRAPHQL_VALIDATION_FAILED",
  },
  "undefined variables": {
    query: `{ ${times(25, (i) => `a${i}: pipelines(${times(12, (j) => `b${j}: $v${i}x${j}`)}) { totalCount }`)} }`,
    code: "GRAPHQL_VALIDATION_FAILED",
  },
  "a list of unknown enum values": {
    query: `{ events(types: [${times(1900, (i) => `NOTHING${i}`)}]) { totalCount } }`,
    code: "GRAPHQL_VALIDATION_FAILED",
  },
  "too many operations": {
    query: times(390, (i) => `query Q${i} { __typename }`),
    code: "QUERY_TOO_LARGE",
  },
  "unused fragments": {
    query: `{ __typename } ${times(260, (i) => `fragment F${i} on Viewer { name }`)}`,
    code: "QUERY_TOO_LARGE",
  },
  "a block string with many lines": {
    query: `{ pipeline(pipeline: """${"\n a".repeat(16_000)}""") { id } }`,
    code: "QUERY_TOO_LARGE",
  },
  "unknown input fields": {
    query: "mutation ($input: CreateAppInput!) { createApp(input: $input) { app { id } } }",
    variables: { input: Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`nothing${i}`, i])) },
    code: "BAD_USER_INPUT",
  },
  "a variable with unknown enum values": {
    query: "query ($types: [EventType!]) { events(types: $types) { pageInfo { hasNextPage } } }",
    variables: { types: Array.from({ length: 4000 }, (_, i) => `NOTHING${i}`) },
    code: "BAD_USER_INPUT",
  },
};
