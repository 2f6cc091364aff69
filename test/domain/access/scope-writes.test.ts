import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import type { Client, GraphQLResponse } from "../../support/clients/client.js";
import { RestClient } from "../../support/clients/rest.js";
import { configKeys } from "../../support/data/config-keys.js";
import {
  createPipelineFixture,
  createScopedToken,
  type PipelineFixture,
  reportStatus,
} from "../../support/data/pipeline-fixture.js";
import { Seed, unique } from "../../support/data/seed.js";
import { dumpRows } from "../../support/database/database-content.js";
import { introspect, listOperations } from "../../support/documents/operations.js";
import { suiteCleanup } from "../../support/service/cleanup.js";
import { startServer, type TestServer } from "../../support/service/server.js";

const ROLES = ["VIEWER", "REPORTER", "OPERATOR", "ADMIN"] as const;
const UNKNOWN = "01890a5d-ac96-774b-bcce-b302099a8057";
const SHA = "4f3c2a1d0e9b8a7c6d5e4f3a2b1c0d9e8f7a6b5c";

const LATER = new Date(Date.now() + 50 * 86_400_000).toISOString();
const NIGHTS = { kind: "DENY", timeZone: "UTC", startDate: "2999-01-01", startTime: "22:00", endTime: "06:00" };

/** Targets of a mutation: objects of the other pipeline, or ids that do not exist. */
type Targets = Readonly<
  Record<
    | "pipeline"
    | "named"
    | "app"
    | "appNamed"
    | "stg"
    | "free"
    | "coupling"
    | "build"
    | "pending"
    | "release"
    | "deploying"
    | "promotion"
    | "waiting"
    | "rule"
    | "approval"
    | "token"
    | "window"
    | "freeze"
    | "webhook"
    | "webhookDelivery"
    | "repository",
    string
  >
>;

const NOTHING: Targets = {
  ...{ pipeline: UNKNOWN, named: "zside-000000000000", app: UNKNOWN, appNamed: "zside-000000000000", stg: UNKNOWN },
  ...{ free: UNKNOWN, coupling: UNKNOWN, build: UNKNOWN, pending: UNKNOWN, release: UNKNOWN, deploying: UNKNOWN },
  ...{ promotion: UNKNOWN, waiting: UNKNOWN, rule: UNKNOWN, approval: UNKNOWN },
  ...{ token: UNKNOWN, repository: "github.com/zside/shop", window: UNKNOWN, freeze: UNKNOWN },
  ...{ webhook: UNKNOWN, webhookDelivery: UNKNOWN },
};

function getThings({
  pipeline,
  dev,
  stg,
  free,
  build,
  pending,
  release,
  deploying,
  promotion,
  waiting,
  rule,
  approval,
  token,
  webhook,
  webhookDelivery,
  repository,
  window,
  freeze,
}: PipelineFixture): Targets {
  const named = { pipeline: pipeline.id, named: pipeline.name, app: dev.id, appNamed: dev.name, stg: stg.id };
  const ids = {
    free: free.id,
    coupling: dev.couplingId,
    build,
    pending,
    release,
    deploying,
    promotion,
    token,
    window,
    freeze,
    waiting,
    rule,
    approval,
  };
  return { ...named, ...ids, webhook, webhookDelivery, repository };
}

/** Each mutation with foreign objects, alone and mixed with visible ones. A mutation that is missing here fails the tests. */
const MUTATION_TARGETS: Readonly<Record<string, (at: Targets, own: PipelineFixture) => object[]>> = {
  updatePipeline: (at) => [
    { pipeline: at.pipeline, description: "aimed" },
    { pipeline: at.named, branch: "aimed" },
  ],
  updateApp: (at) => [
    { app: at.app, description: "aimed" },
    { app: at.appNamed, region: "aimed" },
    { app: at.free, region: "aimed" },
  ],
  addCoupling: (at, own) => [
    { pipeline: at.pipeline, app: own.dev.id, stage: "STAGING" },
    { pipeline: own.pipeline.id, app: at.app, stage: "STAGING" },
    { pipeline: own.pipeline.id, app: at.free, stage: "STAGING" },
  ],
  updateChecks: (at) => [{ coupling: at.coupling, requiredChecks: ["aimed"] }],
  moveCoupling: (at) => [{ coupling: at.coupling, stage: "STAGING" }],
  setAutoDeploy: (at) => [{ coupling: at.coupling, autoDeploy: false }],
  createBuild: (at) => [{ repository: at.repository, commit: { sha: SHA }, artifact: "aimed" }],
  updateBuild: (at) => [{ build: at.pending, phase: "FAILED" }],
  createRelease: (at, own) => [
    { app: at.app, build: own.build },
    { app: own.dev.id, build: at.build, idempotencyKey: unique() },
  ],
  rollback: (at, own) => [{ app: at.app }, { app: own.dev.id, release: at.release }],
  reportDeployment: (at) => [{ release: at.deploying, phase: "FAILED", failureReason: "aimed" }],
  reportStatus: (at) => [
    { release: at.release, context: "aimed", state: "SUCCESS" },
    { build: at.build, context: "aimed", state: "SUCCESS" },
  ],
  quarantineBuild: (at) => [{ build: at.build, fromStage: "PRODUCTION", reason: "aimed" }],
  releaseBuild: (at) => [{ build: at.build, reason: "aimed" }],
  promote: (at, own) => [
    { app: at.app },
    { app: at.appNamed, force: true, reason: "aimed" },
    { pipeline: at.pipeline, stage: "DEVELOPMENT" },
    { app: own.dev.id, release: at.release },
    { app: own.dev.id, targets: [own.stg.id, at.stg] },
    { app: own.dev.id, pipeline: at.named },
  ],
  advancePromotion: (at) => [{ promotion: at.waiting }],
  pausePromotion: (at) => [{ promotion: at.waiting }],
  resumePromotion: (at) => [{ promotion: at.waiting }],
  setVerification: (at) => [{ coupling: at.coupling, verification: { checks: ["aimed"] } }],
  releaseAutomationHold: (at) => [{ coupling: at.coupling }],
  setWave: (at) => [{ coupling: at.coupling, wave: 2 }],
  cancelPromotion: (at) => [{ promotion: at.promotion, reason: "aimed" }],
  retryPromotion: (at) => [{ promotion: at.promotion }],
  undoPromotion: (at) => [{ promotion: at.promotion, reason: "aimed" }],
  reviewForcedPromotion: (at) => [{ promotion: at.promotion, comment: "aimed" }],
  createApprovalRule: (at, own) => [
    { pipeline: at.pipeline, stage: "STAGING", name: "aimed" },
    { pipeline: own.pipeline.id, stage: "STAGING", name: "aimed", apps: [at.stg] },
  ],
  updateApprovalRule: (at) => [{ rule: at.rule, name: "aimed" }],
  deleteApprovalRule: (at) => [{ rule: at.rule }],
  approvePromotion: (at, own) => [
    { promotion: at.waiting, comment: "aimed" },
    { promotion: own.waiting, rule: at.rule },
  ],
  rejectPromotion: (at) => [{ promotion: at.waiting, comment: "aimed" }],
  withdrawApproval: (at) => [{ approval: at.approval }],
  openReviewApp: (at) => [{ pipeline: at.pipeline, pullRequest: { number: 7, branch: "aimed" } }],
  closeReviewApp: (at) => [{ pipeline: at.pipeline, pullRequestNumber: 1 }],
  updateStagePolicy: (at) => [{ pipeline: at.pipeline, stage: "STAGING", soakTime: "1h" }],
  createDeploymentWindow: (at) =>
    [{ pipelines: [at.pipeline] }, { apps: [at.app] }].map((scope) => ({ ...NIGHTS, name: unique("aimed"), scope })),
  updateDeploymentWindow: (at, own) => [
    { window: at.window, endTime: "18:00" },
    { window: own.window, scope: { pipelines: [at.pipeline] } },
  ],
  deleteDeploymentWindow: (at) => [{ window: at.window }],
  startFreeze: (at) => [
    { reason: "aimed", scope: { pipelines: [at.named] }, startsAt: LATER },
    { reason: "aimed", scope: { apps: [at.app] }, startsAt: LATER },
  ],
  extendFreeze: (at) => [{ freeze: at.freeze, untilLifted: true }],
  exemptFromFreeze: (at, own) => [
    { freeze: at.freeze, app: own.dev.id, reason: "aimed", expiresAt: LATER },
    { freeze: own.freeze, app: at.app, reason: "aimed", expiresAt: LATER },
    { freeze: own.freeze, build: at.build, reason: "aimed", expiresAt: LATER },
  ],
  liftFreeze: (at) => [{ freeze: at.freeze, reason: "aimed" }],
  setConfig: (at) => [
    { app: at.app, unset: ["AIMED"] },
    { app: at.appNamed, set: [{ key: "AIMED", value: "aimed" }] },
  ],
  createPipeline: () => [{ name: unique("aimed") }],
  createApp: () => [{ name: unique("aimed") }],
  createToken: (at) => [{ name: "aimed", role: "VIEWER", pipelines: [at.pipeline] }],
  removeCoupling: (at) => [{ coupling: at.coupling }],
  deleteApp: (at) => [{ app: at.free }, { app: at.app }],
  deletePipeline: (at) => [{ pipeline: at.pipeline }],
  createWebhook: (at, own) => [
    { name: "aimed", url: "https://aimed.test", pipelines: [at.pipeline] },
    { name: "aimed", url: "https://aimed.test", pipelines: [own.pipeline.id, at.named] },
    { name: "aimed", url: "https://aimed.test", app: at.app },
  ],
  updateWebhook: (at, own) => [
    { webhook: at.webhook, url: "https://aimed.test" },
    { webhook: own.webhook, pipelines: [own.pipeline.id, at.pipeline] },
  ],
  pauseWebhook: (at) => [{ webhook: at.webhook }],
  resumeWebhook: (at) => [{ webhook: at.webhook }],
  rotateWebhookSecret: (at) => [{ webhook: at.webhook }],
  rewindWebhook: (at) => [{ webhook: at.webhook, since: "2026-01-01T00:00:00Z" }],
  redeliver: (at) => [{ delivery: at.webhookDelivery }],
  testWebhook: (at) => [{ webhook: at.webhook }],
  deleteWebhook: (at) => [{ webhook: at.webhook }],
  revokeToken: (at) => [{ token: at.token }],
  rotateConfigKeys: () => [{}],
};

/** Mutations that concern all pipelines or none. They are refused to restricted tokens for any target. */
const UNSCOPED_MUTATIONS = ["createPipeline", "createApp", "rotateConfigKeys", "createToken", "revokeToken"];

function run(client: Client, name: string, input: object): Promise<GraphQLResponse<unknown>> {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  return client.post(`mutation ($input: ${type}!) { ${name}(input: $input) { __typename } }`, { input });
}

describe("a mutation by a token that is restricted to a pipeline", () => {
  let server: TestServer;
  let a: PipelineFixture;
  let b: PipelineFixture;
  const cleanup = suiteCleanup();

  before(async () => {
    server = await startServer(cleanup, { env: configKeys("k1") });
    a = await createPipelineFixture(server, "aside");
    b = await createPipelineFixture(server, "bside");
  });

  /** All rows, except for the events of refused attempts. */
  async function written(): Promise<string[]> {
    const lines = await dumpRows(server);
    return lines.filter((line) => !line.startsWith("event_log") && !line.includes("ACCESS_DENIED"));
  }

  it("is covered by this test", async () => {
    const mutations = listOperations(await introspect(server.admin)).filter(({ kind }) => kind === "mutation");
    assert.deepEqual(mutations.map(({ name }) => name).sort(), Object.keys(MUTATION_TARGETS).sort());
  });

  for (const role of ROLES) {
    it(`changes nothing elsewhere as ${role}, and responds as if the target did not exist`, async () => {
      const client = await createScopedToken(server, role, [a.pipeline]);
      const theirs = getThings(b);
      const before = await written();
      for (const [name, aimedAt] of Object.entries(MUTATION_TARGETS)) {
        const others = aimedAt(NOTHING, a);
        for (const [index, input] of aimedAt(theirs, a).entries()) {
          const answer = await run(client, name, input);
          const other = await run(client, name, others[index] as object);
          const [error] = answer.errors ?? [];
          const expected = UNSCOPED_MUTATIONS.includes(name) || name === "createBuild" ? "FORBIDDEN" : "NOT_FOUND";
          const code = error?.extensions.code;
          assert.ok(
            code === expected || (role !== "ADMIN" && code === "FORBIDDEN"),
            `${name}: ${JSON.stringify(answer)}`,
          );
          assert.equal(withoutNames(answer, theirs), withoutNames(other, NOTHING), name);
        }
      }
      assert.deepEqual(await written(), before);
    });
  }

  it("is refused with a reason if it concerns all pipelines, and recorded for administrators", async () => {
    const client = await createScopedToken(server, "ADMIN", [a.pipeline]);
    for (const name of UNSCOPED_MUTATIONS) {
      const [input = {}] = MUTATION_TARGETS[name]?.(getThings(a), a) ?? [];
      const [error] = (await run(client, name, input)).errors ?? [];
      assert.equal(error?.extensions.code, "FORBIDDEN");
      assert.match(
        error?.message ?? "",
        /^(create|revoke|rotate)\w+ requires an unrestricted token; this token is restricted to pipelines\.$/,
      );
    }
    assert.equal((await client.queryError("{ tokens { nodes { id } } }")).extensions.code, "FORBIDDEN");
    const last = "{ events(last: 3, types: [ACCESS_DENIED]) { nodes { ... on ChangeEvent { summary } } } }";
    assert.deepEqual(
      (await server.admin.ask(last)).events.nodes.map(({ summary }: { summary: string }) => summary),
      ["createToken", "revokeToken", "readTokens"].map(
        (what) => `${what} denied for ADMIN; it requires an unrestricted token`,
      ),
    );
    assert.deepEqual((await client.ask(last)).events.nodes, []);
  });

  it("cannot change a pipeline's name or repository: names and builds are shared by all pipelines", async () => {
    const client = await createScopedToken(server, "ADMIN", [a.pipeline]);
    const before = await written();
    for (const patch of [
      { name: b.pipeline.name },
      { name: unique() },
      { repository: b.repository },
      { repository: null },
    ]) {
      const refusal = await client.mutationError("updatePipeline", { pipeline: a.pipeline.id, ...patch });
      assert.equal(refusal.extensions.code, "FORBIDDEN");
      assert.match(
        refusal.message,
        /requires an unrestricted token to change name, repository or component; this token is restricted to pipelines\.$/,
      );
    }
    assert.deepEqual(await written(), before);
    const same = { pipeline: a.pipeline.id, name: a.pipeline.name, repository: a.repository, description: "as it was" };
    await client.mutate("updatePipeline", same, "pipeline { id }");
  });

  it("reveals nothing about a build of another repository that its app runs, except for the release", async () => {
    const client = await createScopedToken(server, "REPORTER", [a.pipeline]);
    const release = await new Seed(server.admin).forcedRelease(a.dev, { id: b.build });
    const seen = await client.ask("query ($id: ID!) { build(id: $id) { releases { totalCount } } }", { id: b.build });
    assert.equal(seen.build.releases.totalCount, 1, "the build is seen, and of its releases the one");
    const before = await written();
    const reported = { context: "aside/elsewhere", state: "SUCCESS" };
    const refusal = await client.mutationError("reportStatus", { build: b.build, ...reported });
    assert.equal(refusal.extensions.code, "FORBIDDEN");
    assert.match(
      refusal.message,
      /^reportStatus requires a repository of the pipelines that this token is restricted to; github/,
    );
    const again = { build: b.build, phase: "SUCCEEDED", artifact: "another" };
    assert.equal((await client.mutationError("updateBuild", again)).extensions.code, "FORBIDDEN");
    assert.deepEqual(await written(), before);
    await reportStatus(client, { release: release.id, ...reported });
  });

  it("does not return an earlier idempotent result whose objects have left its pipelines", async () => {
    const client = await createScopedToken(server, "OPERATOR", [a.pipeline]);
    const app = await new Seed(server.admin).coupled(a.pipeline, "STAGING");
    const input = { app: app.id, build: a.build, idempotencyKey: unique() };
    const first = await client.mutate("createRelease", input, "release { id version }");
    await server.admin.mutate("removeCoupling", { coupling: app.couplingId }, "__typename");
    const refusal = await client.mutationError("createRelease", input, "release { id version }");
    assert.deepEqual(refusal.extensions, { code: "NOT_FOUND", field: "idempotencyKey" });
    await server.admin.mutate("addCoupling", { pipeline: a.pipeline.id, app: app.id, stage: "STAGING" }, "__typename");
    assert.deepEqual(await client.mutate("createRelease", input, "release { id version }"), first);
  });

  it("behaves the same through the Platform API", async () => {
    const { secret } = await createScopedToken(server, "ADMIN", [a.pipeline]);
    const rest = new RestClient(server.url, secret);
    const writes = ({ pipeline, dev, stg, free, build, release }: PipelineFixture): [string, string, object?][] => [
      ["PATCH", `/pipelines/${pipeline.id}`, {}],
      ["POST", `/apps/${dev.name}/builds`, { url: "https://images.test/own" }],
      ["POST", `/apps/${dev.name}/releases`, { slug: build }],
      ["POST", `/apps/${dev.id}/releases/${release}/statuses`, { context: "own", state: "success" }],
      ["PATCH", `/apps/${dev.id}/releases/${release}/statuses/own`, { state: "failure" }],
      [
        "PATCH",
        `/pipeline-couplings/${dev.couplingId}`,
        { stage: "development", required_status_checks: { contexts: [] } },
      ],
      [
        "POST",
        "/pipeline-promotions",
        { source: { app: { id: dev.id } }, targets: [{ app: { id: stg.id } }], safe: false },
      ],
      ["POST", "/pipeline-couplings", { app: free.id, pipeline: a.pipeline.id, stage: "staging" }],
      ["DELETE", `/apps/${free.id}`],
    ];
    const before = await written();
    for (const [method, path, body] of writes(b)) assert.equal((await rest.send(method, path, body)).status, 404, path);
    for (const [path, body] of [
      ["/pipelines", { name: unique() }],
      ["/apps", { name: unique() }],
    ] as const) {
      assert.equal((await rest.post(path, body)).status, 403, path);
    }
    assert.equal((await rest.delete(`/pipelines/${b.pipeline.id}`)).status, 404);
    assert.equal((await rest.delete(`/pipeline-couplings/${b.dev.couplingId}`)).status, 404);
    assert.deepEqual(await written(), before);
    const own = writes(a);
    for (const [method, path, body] of own.slice(0, -2)) {
      const answer = await rest.send(method, path, body);
      assert.ok(answer.status < 300, `${path}: ${JSON.stringify(answer.body)}`);
    }
    // A restricted token cannot see apps outside of every pipeline, not even ones that it created.
    for (const [method, path, body] of own.slice(-2)) assert.equal((await rest.send(method, path, body)).status, 404);
  });

  it("can do everything in its pipeline that its role permits", async () => {
    const seed = new Seed(server.admin);
    const extra = await seed.coupled(a.pipeline, "PRODUCTION", { autoDeploy: false });
    const { branch } = { branch: "aside-main" };
    const pullRequest = { number: 9, branch: "aside-nine" };
    const steps: [role: (typeof ROLES)[number], name: string, input: object, code?: string][] = [
      ["REPORTER", "createBuild", { repository: a.repository, branch, commit: { sha: SHA }, artifact: "own" }],
      ["REPORTER", "updateBuild", { build: a.pending, phase: "FAILED" }],
      ["REPORTER", "reportStatus", { build: a.build, context: "aside/own", state: "SUCCESS" }],
      ["REPORTER", "reportStatus", { release: a.release, context: "aside/own", state: "SUCCESS" }],
      ["REPORTER", "reportDeployment", { release: a.deploying, phase: "SUCCEEDED" }],
      ["OPERATOR", "updatePipeline", { pipeline: a.pipeline.name, description: "own" }],
      ["OPERATOR", "updateApp", { app: a.dev.name, description: "own" }],
      ["OPERATOR", "updateChecks", { coupling: a.stg.couplingId, requiredChecks: ["aside/own"] }],
      ["OPERATOR", "moveCoupling", { coupling: extra.couplingId, stage: "STAGING" }],
      ["OPERATOR", "setAutoDeploy", { coupling: a.dev.couplingId, autoDeploy: false }],
      ["OPERATOR", "createRelease", { app: extra.id, build: a.build }],
      ["OPERATOR", "createRelease", { app: a.dev.name, build: a.build }],
      ["OPERATOR", "rollback", { app: a.dev.name }],
      ["OPERATOR", "promote", { app: a.dev.name, targets: [extra.name] }],
      ["OPERATOR", "cancelPromotion", { promotion: a.promotion, reason: "own" }, "CONFLICT"],
      ["OPERATOR", "retryPromotion", { promotion: a.promotion }, "CONFLICT"],
      ["OPERATOR", "reviewForcedPromotion", { promotion: a.promotion, comment: "own" }, "CONFLICT"],
      ["OPERATOR", "undoPromotion", { promotion: a.promotion, reason: "own" }, "CONFLICT"],
      ["OPERATOR", "setVerification", { coupling: a.prod.couplingId, verification: { checks: ["own"] } }],
      ["OPERATOR", "releaseAutomationHold", { coupling: a.prod.couplingId }],
      ["OPERATOR", "quarantineBuild", { build: a.build, fromStage: "PRODUCTION", reason: "own" }],
      ["ADMIN", "releaseBuild", { build: a.build, reason: "own" }],
      ["OPERATOR", "setWave", { coupling: a.prod.couplingId, wave: 2 }],
      ["OPERATOR", "pausePromotion", { promotion: a.waiting }],
      ["OPERATOR", "resumePromotion", { promotion: a.waiting }],
      ["OPERATOR", "advancePromotion", { promotion: a.waiting }, "CONFLICT"],
      ["OPERATOR", "createApprovalRule", { pipeline: a.pipeline.id, stage: "STAGING", name: "own" }],
      ["OPERATOR", "updateApprovalRule", { rule: a.rule, required: 3 }],
      ["OPERATOR", "approvePromotion", { promotion: a.waiting, comment: "own" }],
      ["OPERATOR", "withdrawApproval", { approval: a.approval }, "FORBIDDEN"],
      ["OPERATOR", "rejectPromotion", { promotion: a.waiting, comment: "own" }],
      ["ADMIN", "deleteApprovalRule", { rule: a.rule }],
      ["OPERATOR", "openReviewApp", { pipeline: a.pipeline.id, pullRequest }],
      ["OPERATOR", "closeReviewApp", { pipeline: a.pipeline.id, pullRequestNumber: 9 }],
      ["OPERATOR", "updateStagePolicy", { pipeline: a.pipeline.id, stage: "PRODUCTION", soakTime: "1h" }],
      ["OPERATOR", "createDeploymentWindow", { ...NIGHTS, name: unique(), scope: { pipelines: [a.pipeline.id] } }],
      ["OPERATOR", "updateDeploymentWindow", { window: a.window, endTime: "18:00" }],
      ["ADMIN", "deleteDeploymentWindow", { window: a.window }],
      ["OPERATOR", "startFreeze", { reason: "own", scope: { apps: [a.dev.id] }, startsAt: LATER }],
      ["OPERATOR", "extendFreeze", { freeze: a.freeze, untilLifted: true }],
      ["ADMIN", "exemptFromFreeze", { freeze: a.freeze, build: a.build, reason: "own", expiresAt: LATER }],
      // An administrator started it.
      ["ADMIN", "liftFreeze", { freeze: a.freeze, reason: "own" }],
      ["OPERATOR", "createWebhook", { name: "aside-own", url: "https://aside.test/own" }],
      [
        "OPERATOR",
        "updateWebhook",
        { webhook: a.webhook, url: "https://aside.test/other", pipelines: [a.pipeline.id] },
      ],
      ["OPERATOR", "pauseWebhook", { webhook: a.webhook }],
      ["OPERATOR", "rotateWebhookSecret", { webhook: a.webhook }],
      ["OPERATOR", "rewindWebhook", { webhook: a.webhook, since: "2999-01-01T00:00:00Z" }],
      ["OPERATOR", "testWebhook", { webhook: a.webhook }],
      // Its event is outside the pipeline.
      ["OPERATOR", "redeliver", { delivery: a.webhookDelivery }, "CONFLICT"],
      ["OPERATOR", "resumeWebhook", { webhook: a.webhook }],
      ["OPERATOR", "deleteWebhook", { webhook: a.webhook }],
      ["OPERATOR", "setConfig", { app: a.dev.id, set: [{ key: "OWN", value: "own" }] }],
      // A restricted token cannot add a coupling: a visible app is in a pipeline already, and others are invisible.
      ["OPERATOR", "addCoupling", { pipeline: a.pipeline.id, app: a.dev.id, stage: "STAGING" }, "CONFLICT"],
      ["ADMIN", "promote", { app: a.stg.id, force: true, reason: "own" }],
      ["ADMIN", "updateChecks", { coupling: a.stg.couplingId, requiredChecks: [] }],
      ["ADMIN", "deleteApp", { app: a.dev.id }, "CONFLICT"],
      ["ADMIN", "removeCoupling", { coupling: extra.couplingId }],
      ["ADMIN", "deletePipeline", { pipeline: a.pipeline.id }],
    ];
    const tried = new Set([...steps.map(([, name]) => name), ...UNSCOPED_MUTATIONS]);
    assert.deepEqual([...tried].sort(), Object.keys(MUTATION_TARGETS).sort());
    for (const [role, name, input, code] of steps) {
      const lesser = ROLES[ROLES.indexOf(role) - 1] ?? "VIEWER";
      const refused = await run(await createScopedToken(server, lesser, [a.pipeline]), name, input);
      assert.equal(refused.errors?.[0]?.extensions.code, "FORBIDDEN", `${name} is not a ${lesser}'s`);
      const { errors } = await run(await createScopedToken(server, role, [a.pipeline]), name, input);
      assert.equal(errors?.[0]?.extensions.code, code, `${name}: ${JSON.stringify(errors)}`);
    }
  });

  it("is not restricted if the token is unrestricted", async () => {
    const order = Object.entries(MUTATION_TARGETS).sort(([one], [other]) => last(one) - last(other));
    for (const [name, aimedAt] of order) {
      for (const input of aimedAt(getThings(b), b)) {
        const code = (await run(server.admin, name, input)).errors?.[0]?.extensions.code;
        assert.ok(code !== "NOT_FOUND" && code !== "FORBIDDEN", `${name}: ${code}`);
      }
    }
  });
});

/** Deletions come last, and the pipeline after its contents. */
function last(name: string): number {
  return ["removeCoupling", "deleteApp", "deletePipeline"].indexOf(name);
}

/** A response without ids, names and times. */
function withoutNames({ errors }: GraphQLResponse<unknown>, things: Targets): string {
  return Object.values(things).reduce((text, name) => text.replaceAll(name, "it"), JSON.stringify(errors));
}
