import type { Mutant } from "./mutants.js";

const SET_CONFIG = ["domain/config-vars/set-config"];
const RELEASES = ["domain/config-vars/releases"];
const PARITY = ["domain/config-vars/parity"];

/** Mutants of config vars. */
export const CONFIG_MUTANTS: readonly Mutant[] = [
  {
    name: "config: a viewer that may set config vars may read secrets",
    file: "src/domain/config-vars/read-config.ts",
    find: 'isPermitted(viewer, "readConfig")',
    replace: 'isPermitted(viewer, "setConfig")',
    tests: SET_CONFIG,
  },
  {
    name: "config: secrets are read without an event",
    file: "src/domain/config-vars/read-config.ts",
    find: "await append(tx, ctx.viewer, ctx.now(), events);",
    replace: "void append; void events;",
    tests: SET_CONFIG,
  },
  {
    name: "config: the events of a subscription hold secrets",
    file: "src/server/execution/subscriptions/shared.ts",
    find: "showsSecrets: false",
    replace: "showsSecrets: true",
    tests: SET_CONFIG,
  },
  {
    name: "config: an error quotes the value of a config var",
    file: "src/schema/errors.ts",
    find: "truncate(withoutValue(graphql.message))",
    replace: 'truncate(graphql.message || withoutValue(""))',
    tests: RELEASES,
  },
  {
    name: "config: a sealed value opens for another key of the app",
    file: "src/domain/config-vars/data-keys.ts",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text
    find: "return `${appId}/${key}`;",
    replace: "void key; return appId;",
    tests: SET_CONFIG,
  },
  {
    name: "config: the last key of CONFIG_KEYS encrypts",
    file: "src/domain/config-vars/key-ring.ts",
    find: "const [first] = keys;",
    replace: "const first = keys.at(-1);",
    tests: ["domain/config-vars/keys"],
  },
  {
    name: "config: deleting an app keeps its key",
    file: "src/domain/config-vars/data-keys.ts",
    find: "  await tx.delete(ConfigKey, { subjectId: appId });\n  await tx.delete(ConfigValue",
    replace: "  await tx.delete(ConfigValue",
    tests: RELEASES,
  },
  {
    name: "config: freezes and windows do not block changes of config vars",
    file: "src/domain/config-vars/config-release.ts",
    find: "  if (blockers.length > 0) throw blocked(",
    replace: "  if (blockers.length > 99) throw blocked(",
    tests: RELEASES,
  },
  {
    name: "config: the limits of an app are not enforced",
    file: "src/domain/config-vars/set-config.ts",
    find: "  checkTotals(keys.size, total);",
    replace: "  void checkTotals; void total;",
    tests: RELEASES,
  },
  {
    name: "config: EXACT accepts keys of the target that the source does not have",
    file: "src/domain/config-vars/parity.ts",
    find: 'parity !== "EXACT" || source === null ?',
    replace: 'parity === "EXACT" || source === null ?',
    tests: PARITY,
  },
  {
    name: "config: keys that a build requires are not checked",
    file: "src/domain/gates/config-parity.ts",
    find: "findParityGap(parity, subject.build.requiredConfig, source, target)",
    replace: "findParityGap(parity, [], source, target)",
    tests: PARITY,
  },
  {
    name: "config: a promotion that waits for config vars is not admitted by their change",
    file: "src/domain/config-vars/set-config.ts",
    find: "(await clearWaiting(tx, ctx, { config: app.id }))",
    replace: "(made.length < 0 ? await clearWaiting(tx, ctx, { config: app.id }) : [])",
    tests: ["domain/config-vars/waiting"],
  },
  {
    name: "config: `safe: false` compares config vars for an OPERATOR",
    file: "src/integrations/platform/routes/promotions.ts",
    find: 'parity: "OFF", reason: UNSAFE',
    replace: "reason: UNSAFE",
    tests: ["integrations/platform/akkeris"],
  },
  {
    name: "config: later waves of a promotion are compared by the rule of the stage only",
    file: "src/domain/promotions/waiting/resolve-waiting.ts",
    find: "parity: promotion.configParity,",
    replace: "parity: null,",
    tests: ["domain/config-vars/waiting"],
  },
  {
    name: "config: `safe: true` does not compare config vars",
    file: "src/integrations/platform/routes/promotions.ts",
    find: '...(safe === true && { parity: "EXACT" }),',
    replace: "",
    tests: ["integrations/platform/akkeris"],
  },
];
