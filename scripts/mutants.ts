import { CONFIG_MUTANTS } from "./config-mutants.js";

/** A change of the sources that breaks one promise. */
export interface Mutant {
  /** The part of the product, and what no longer holds. */
  readonly name: string;
  readonly file: string;
  /** The text to replace. It occurs once in the file. */
  readonly find: string;
  readonly replace: string;
  /** The tests that must notice, by their paths below `test/` without the ending. */
  readonly tests: readonly string[];
  /** `postgres`: runs the tests on both engines, because only PostgreSQL shows the fault. @default "sqlite" */
  readonly engine?: "sqlite" | "postgres";
}

const RESPONSE_CACHE = ["server/cache/invalidation", "server/cache/response-cache"];

export const MUTANTS: readonly Mutant[] = [
  {
    name: "cache: an event of a pipeline does not invalidate its responses",
    file: "src/server/cache/response-store.ts",
    find: "if (pipelineId !== null) this.#dropDependents(pipelineId);",
    replace: "void pipelineId;",
    tests: RESPONSE_CACHE,
  },
  {
    name: "cache: an event of an app does not invalidate its responses",
    file: "src/server/cache/response-store.ts",
    find: "for (const app of apps) this.#dropDependents(app);",
    replace: "void apps;",
    tests: RESPONSE_CACHE,
  },
  {
    name: "cache: a response is stored although something was committed while it was computed",
    file: "src/server/cache/response-store.ts",
    find: "if (!this.enabled || commitsAtStart !== this.#commits) return;",
    replace: "if (!this.enabled) return; void commitsAtStart;",
    tests: RESPONSE_CACHE,
  },
  {
    name: "cache: a statement outside the loaders leaves a response cacheable",
    file: "src/schema/dependencies.ts",
    find: "      dependencies.markUntracked();\n      return runner.query",
    replace: "      void dependencies;\n      return runner.query",
    tests: RESPONSE_CACHE,
  },
  {
    name: "cache: viewers of every scope share responses",
    file: "src/server/cache/response-cache.ts",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text
    find: "return `${role} ${JSON.stringify(scope)} ",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text
    replace: "void scope; return `${role} ",
    tests: ["domain/access/scope"],
  },
  {
    name: "admission: the depth of an operation is not limited",
    file: "src/server/execution/limits.ts",
    find: 'enforce("levels of nested fields", findDepth(selectionSet, fragments, depths), limits.depth);',
    replace: "findDepth(selectionSet, fragments, depths);",
    tests: ["server/execution/attacks"],
  },
  {
    name: "admission: the cost of an operation is not limited",
    file: "src/server/execution/admission.ts",
    find: "            checkCost(requested, limits);\n",
    replace: "",
    tests: ["server/execution/attacks"],
  },
  {
    name: "admission: a document that is not trusted runs",
    file: "src/server/execution/admission.ts",
    find: "if (text !== undefined) return text;\n    throw",
    replace: 'if (text !== undefined) return text;\n    if (query !== "") return query;\n    throw',
    tests: ["server/execution/attacks"],
  },
  {
    name: "http: a key that pollutes prototypes is accepted",
    file: "src/server/http/operation-request.ts",
    find: "parsed = secureJson.parse(body);",
    replace: "parsed = JSON.parse(body.toString());",
    tests: ["server/http/fast-path"],
  },
  {
    name: "http: a URL that cannot be decoded runs",
    file: "src/server/http/operation-request.ts",
    find: "if (!isDecodable(search)) {",
    replace: "if (!isDecodable(search) && search === url) {",
    tests: ["server/http/graphql-over-http"],
  },
  {
    name: "sockets: a peer that answers no pings stays connected",
    file: "src/server/websocket/server.ts",
    find: "        connection.socket.terminate();\n        continue;",
    replace: "        continue;",
    tests: ["server/websocket/sockets"],
  },
  {
    name: "access: an expired token is valid",
    file: "src/domain/access/tokens.ts",
    find: "token.expiresAt > now",
    replace: "token.expiresAt !== now",
    tests: ["domain/access/tokens"],
  },
  {
    name: "access: an operator may force a promotion",
    file: "src/domain/access/actions.ts",
    find: 'forcePromotion: "ADMIN"',
    replace: 'forcePromotion: "OPERATOR"',
    tests: ["domain/access/roles", "domain/releases/promotions"],
  },
  {
    name: "access: a restricted token may act outside its pipelines",
    file: "src/domain/access/actions.ts",
    find: "return scope !== null && !PIPELINE_ACTIONS.has(action);",
    replace: "return scope !== null && PIPELINE_ACTIONS.size === 0 && action === action;",
    tests: ["domain/access/scope-writes"],
  },
  {
    name: "access: a restricted token sees the releases of every app",
    file: "src/database/rows/row-security.ts",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text
    find: '["releases", sql`t.app_id IN ${COUPLED}`]',
    replace: '["releases", sql`1 = 1`]',
    tests: ["domain/access/scope"],
  },
  {
    name: "access: a restricted token may report on builds of any repository",
    file: "src/domain/access/actions.ts",
    find: "if (scope === null || (await reader.scoped.first(Pipeline, { repository })) !== null) return;",
    replace: "if (scope === null || (await reader.first(Pipeline, { repository })) !== null) return;",
    tests: ["domain/access/scope-writes"],
  },
  {
    name: "gates: a pending check passes",
    file: "src/domain/gates/checks/checks.ts",
    find: 'passed: state === "SUCCESS"',
    replace: 'passed: state === "SUCCESS" || state === "PENDING"',
    tests: ["domain/gates/checks"],
  },
  {
    name: "gates: a check that was never reported passes",
    file: "src/domain/gates/checks/checks.ts",
    find: 'passed: state === "SUCCESS"',
    replace: 'passed: state === "SUCCESS" || state === null',
    tests: ["domain/gates/checks"],
  },
  {
    name: "gates: a release that has not succeeded can be promoted",
    file: "src/domain/promotions/evaluation.ts",
    find: 'if (release.phase === "SUCCEEDED") return [];',
    replace: 'if (release.phase !== "FAILED") return [];',
    tests: ["domain/releases/promotions", "domain/releases/promotion-plan"],
  },
  {
    name: "gates: a promotion is not evaluated again under its locks",
    file: "src/domain/promotions/promote.ts",
    find: "const final = await evaluatePromotion(tx, now, input);",
    replace: "const final = plan;",
    tests: ["database/postgres/promotions"],
    engine: "postgres",
  },
  {
    name: "waiting: a promotion that was cancelled is admitted",
    file: "src/domain/promotions/settle.ts",
    find: 'if (promotion === null || promotion.phase !== "WAITING") return [];',
    replace: "if (promotion === null) return [];",
    tests: ["domain/promotions/waiting"],
  },
  {
    name: "waiting: what has expired is admitted",
    file: "src/domain/promotions/settle.ts",
    find: "promotion.expiresAt <= now",
    replace: "promotion.expiresAt < new Date(0)",
    tests: ["domain/promotions/waiting"],
  },
  {
    name: "waiting: a promotion is admitted under a credential that has ended",
    file: "src/domain/promotions/settle.ts",
    find: "if (credential.problem !== null) return end(credential.problem);",
    replace: "",
    tests: ["domain/promotions/waiting"],
  },
  {
    name: "waiting: a change does not lock what waits for it before its own rows",
    file: "src/domain/promotions/clear-waiting.ts",
    find: "if (waiting.length === 0) return [];",
    replace: "if (waiting.length === 0 || tx.retried) return [];",
    tests: ["domain/promotions/waiting-races"],
    engine: "postgres",
  },
  {
    name: "deployments: the second look at an overdue deployment is left out",
    file: "src/domain/history/housekeeping.ts",
    find: 'await tx.first(Release, { id, phase: "DEPLOYING" })',
    replace: "await tx.first(Release, { id })",
    tests: ["domain/releases/deployments"],
    engine: "postgres",
  },
  {
    name: "idempotency: a key is used again with another input",
    file: "src/domain/core/idempotency.ts",
    find: "if (prior.inputHash !== inputHash) {",
    replace: 'if (prior.inputHash === "") {',
    tests: ["domain/core/idempotency"],
  },
  {
    name: "transactions: a savepoint that fails is not rolled back",
    file: "src/database/rows/transaction.ts",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text
    find: "rollback: [`ROLLBACK TO ${name}`, `RELEASE ${name}`],",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text
    replace: "rollback: [`RELEASE ${name}`],",
    tests: ["database/transactions", "database/group-commit"],
  },
  {
    name: "transactions: a savepoint loses the viewer's restriction",
    file: "src/database/rows/tx.ts",
    find: "work(this.#in(inner, this.#viewerSecurity))",
    replace: "work(this.#in(inner, this.#viewerSecurity && null))",
    tests: ["database/transactions"],
  },
  {
    name: "transactions: statements that were not awaited are left out",
    file: "src/database/rows/transaction.ts",
    find: "const result = await work(this);\n      await this.#queue.idle();",
    replace: "const result = await work(this);",
    tests: ["database/transactions"],
  },
  {
    name: "transactions: a savepoint's events are appended though it was rolled back",
    file: "src/database/rows/transaction.ts",
    find: "return this.#enqueue(async () => this.#deferred.push({ text, values }));",
    replace: "return this.#enqueue(async () => (this.#parent ?? this).#deferred.push({ text, values }));",
    tests: ["database/transactions"],
    engine: "postgres",
  },
  {
    name: "transactions: a write inside another write waits for ever",
    file: "src/database/sqlite/group-commit.ts",
    find: "for (const job of this.#waiting.splice(0)) job.failed",
    replace: "for (const job of this.#waiting.slice(0, 0)) job.failed",
    tests: ["database/group-commit"],
  },
  {
    name: "transactions: writes are acknowledged before they are durable",
    file: "src/database/sqlite/open.ts",
    find: "synchronous = FULL",
    replace: "synchronous = OFF",
    tests: ["database/transactions"],
  },
  {
    name: "log: an event is delivered twice after a reconnect",
    file: "src/events/read.ts",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text
    find: "sql`${position} > ${after}`",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: source text
    replace: "sql`${position} >= ${after}`",
    tests: ["resolvers/pagination", "server/websocket/subscriptions"],
  },
  {
    name: "windows: a DENY window takes the shorter reading of a time that the clock skips or shows twice",
    file: "src/domain/gates/windows/schedule.ts",
    find: 'return kind === "DENY"',
    replace: 'return kind === "ALLOW"',
    tests: ["domain/gates/windows/schedule"],
  },
  {
    name: "windows: a stored window that cannot be evaluated lets everything through",
    file: "src/domain/gates/windows/window-gate.ts",
    find: "if (one.problem !== null) return [describeProblem(target, one)];",
    replace: "if (one.problem !== null) return [];",
    tests: ["domain/gates/windows/closed"],
  },
  {
    name: "windows: a restricted token changes one that also applies elsewhere",
    file: "src/domain/gates/windows/windows.ts",
    find: "if (all.length > 0 && all.length === visible.length) return;",
    replace: "if (all.length > 0 || visible.length > 0) return;",
    tests: ["domain/gates/windows/windows"],
  },
  {
    name: "freezes: force goes past a hard freeze",
    file: "src/domain/gates/freezes/freeze-gate.ts",
    find: 'if (!freeze.hard) remedies.push("FORCE");',
    replace: 'remedies.push("FORCE");',
    tests: ["domain/gates/windows/closed"],
  },
  {
    name: "freezes: an exemption never ends",
    file: "src/domain/gates/freezes/freeze-gate.ts",
    find: "(one) => one.expiresAt > now && (",
    replace: "(one) => (",
    tests: ["domain/gates/windows/closed"],
  },
  {
    name: "freezes: automatic deploys that they hold back are forgotten",
    file: "src/domain/builds/auto-deploy.ts",
    find: "  await holdDeploys(tx, decisions);",
    replace: "  void holdDeploys;",
    tests: ["domain/gates/windows/closed"],
  },
  {
    name: "freezes: the end of one wakes nothing that waits for it",
    file: "src/domain/gates/freezes/freezes.ts",
    find: "  await wakeWaiting(tx, now);\n  return [",
    replace: "  return [",
    tests: ["domain/gates/windows/closed"],
  },
  {
    name: "webhooks: an address that is not public is called",
    file: "src/integrations/webhooks/sender.ts",
    find: "if (problem !== null) throw new RefusedAddress(",
    replace: 'if (problem === "") throw new RefusedAddress(',
    tests: ["integrations/webhooks/requests"],
  },
  {
    name: "webhooks: the connection resolves the host again, after the check",
    file: "src/integrations/webhooks/sender.ts",
    find: "{ ...options, hostname: address,",
    replace: "{ ...options, hostname: host,",
    tests: ["integrations/webhooks/requests"],
  },
  {
    name: "webhooks: the cursor passes an event that was not delivered",
    file: "src/domain/webhooks/deliveries.ts",
    find: "problem === null ? { ...patch, position: sent.eventPosition } : patch",
    replace: "{ ...patch, position: sent.eventPosition }",
    tests: ["integrations/webhooks/webhooks"],
  },
  {
    name: "webhooks: a result that arrives after a rewind moves the cursor",
    file: "src/domain/webhooks/deliveries.ts",
    find: "const isCurrent = webhook.position === from;",
    replace: "const isCurrent = true; void from;",
    tests: ["integrations/webhooks/webhooks"],
  },
  {
    name: "webhooks: one whose token was revoked goes on",
    file: "src/integrations/webhooks/dispatcher.ts",
    find: "if (how === undefined) valid.push(webhook);",
    replace: "if (how === undefined || true) valid.push(webhook);",
    tests: ["integrations/webhooks/webhooks"],
  },
  ...CONFIG_MUTANTS,
];
