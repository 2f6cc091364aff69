/*
 * Lints the emitted schema and the documents of the command line with graphql-eslint: its recommended rules and those
 * for Relay.
 *
 *   node scripts/lint-graphql.mjs
 *
 * Exceptions are listed here, each with its reason. An exception that is no longer needed is also an error.
 */
import graphqlPlugin from "@graphql-eslint/eslint-plugin";
import { ESLint } from "eslint";

const SCHEMA = "src/schema/schema.graphql";
const OPERATIONS = "src/cli/api/operations/*.graphql";

/**
 * Types without an id. Caches keep them inside the object that they belong to; docs/clients.md lists the settings for
 * that.
 */
const VALUES = {
  "Parts of an object or of an event, which have no identity apart from it.": [
    ...[
      "Actor",
      "Approver",
      "AutomationHold",
      "AvailableCheck",
      "CheckResult",
      "Commit",
      "ConfigVar",
      "GateScope",
      "GithubReport",
      "PullRequest",
      "StagePolicy",
      "Verification",
    ],
  ],
  "Computed for each request from the current state.": [
    ...[
      "ApprovalProgress",
      "AutoDeploy",
      "Blocker",
      "ConfigDifference",
      "GateState",
      "PlannedTarget",
      "PromotionPlan",
      "PromotionWave",
      "TimeInterval",
    ],
  ],
  "The same for every request, or for every request of a token.": ["StageNode", "Viewer"],
  "The position of a page.": ["PageInfo"],
};

/** Options of rules that differ from the recommended ones. */
const OPTIONS = {
  "strict-id-in-types": [
    "error",
    { exceptions: { types: Object.values(VALUES).flat(), suffixes: ["Connection", "Edge", "Payload"] } },
  ],
  // Lists of few items, for example the four stages of a pipeline, are lists. Those that can grow are connections.
  "relay-edge-types": [
    "error",
    { withEdgeSuffix: true, shouldImplementNode: true, listTypeCanWrapOnlyEdgeType: false },
  ],
  // The command line has no cache that would need the ids.
  "require-selections": "off",
  // The service itself limits the depth, to more than this.
  "selection-set-depth": ["error", { maxDepth: 8 }],
};

/** Findings that are ignored. */
const EXCEPTIONS = [
  {
    rule: "no-unreachable-types",
    text: "`ErrorCode`",
    why: "It types `extensions.code` of errors, which no field returns.",
  },
  {
    rule: "no-typename-prefix",
    text: '"committedAt"',
    why: "`committed` is a verb here, as in `createdAt`, not the name of the type.",
  },
];

const prefixed = (rules) =>
  Object.fromEntries(Object.entries(rules).map(([name, value]) => [`@graphql-eslint/${name}`, value]));
const { configs, parser } = graphqlPlugin;

/** The rules of the given configurations, with our options where they include the rule. */
function mergeRules(...names) {
  const rules = Object.assign({}, ...names.map((name) => configs[`flat/${name}`].rules));
  const own = Object.entries(prefixed(OPTIONS)).filter(([name]) => name in rules);
  return { ...rules, ...Object.fromEntries(own) };
}

const shared = {
  plugins: { "@graphql-eslint": graphqlPlugin },
  languageOptions: { parser, parserOptions: { graphQLConfig: { schema: SCHEMA, documents: OPERATIONS } } },
};
const eslint = new ESLint({
  overrideConfigFile: true,
  overrideConfig: [
    { ...shared, files: [SCHEMA], rules: mergeRules("schema-recommended", "schema-relay") },
    { ...shared, files: [OPERATIONS], rules: mergeRules("operations-recommended") },
  ],
});

const results = await eslint.lintFiles([SCHEMA, OPERATIONS]);
const used = new Set();
for (const result of results) {
  result.messages = result.messages.filter(({ ruleId, message }) => {
    const excused = EXCEPTIONS.find(({ rule, text }) => ruleId === `@graphql-eslint/${rule}` && message.includes(text));
    if (excused !== undefined) used.add(excused);
    return excused === undefined;
  });
}
const found = results.filter(({ messages }) => messages.length > 0);
for (const { filePath, messages } of found) {
  for (const { line, column, message, ruleId } of messages) {
    console.error(`${filePath}:${line}:${column} ${message.replaceAll("\n", " ")} (${ruleId})`);
  }
}
const unused = EXCEPTIONS.filter((exception) => !used.has(exception));
for (const { rule, text } of unused) console.error(`The exception of ${rule} for ${text} is not needed: remove it.`);
if (found.length > 0 || unused.length > 0) process.exitCode = 1;
