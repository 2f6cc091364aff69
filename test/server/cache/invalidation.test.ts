import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { EventType } from "../../../src/entities/history/event-type.js";
import { recordEvents } from "../../support/clients/event-log.js";
import { configKeys } from "../../support/data/config-keys.js";
import { type Named, Seed, type SeededBuild, type SeededRelease, unique } from "../../support/data/seed.js";
import { startServer } from "../../support/service/server.js";

/*
 * For each event type and each cacheable query: the response that was cached before a write equals a fresh one after it.
 * Each write must succeed, and must change the responses that are listed for it, so that no case passes without an effect.
 */

const APP = `id name description region deletedAt configVersion coupling { id stage } currentRelease {
  id version phase current state build { id phase quarantines { fromStage reason } } statuses { context state description } }`;
const COUPLING = `id stage requiredChecks autoDeploy pipeline { name } app { ${APP} }`;
const PIPELINE_QUERY = `query ($id: ID!) { pipeline(pipeline: $id) { id name description stages { couplings { ${COUPLING} } } } }`;
const STAGE_QUERY = `query ($id: ID!) { stage(pipeline: $id, stage: STAGING) { pipeline { description } policy { soakTime } couplings { ${COUPLING} } } }`;
const APP_QUERY = `query ($id: ID!) { app(app: $id) { ${APP} } }`;

const server = await startServer({ after }, { env: configKeys("k1") });
const { admin } = server;
const seed = new Seed(admin);
// The first use of a token is recorded, and the first response with its headers is not served by the fast path.
await admin.ask("{ viewer { name } }");

interface World {
  readonly pipeline: Named;
  readonly dev: Named & { couplingId: string };
  readonly release: SeededRelease;
  readonly build: SeededBuild;
  readonly staging: Named & { couplingId: string };
  readonly deploying: SeededRelease;
  readonly production: Named & { couplingId: string };
  readonly free: Named;
}

async function createWorld(): Promise<World> {
  const repository = `github.com/tests/${unique("repo")}`;
  const pipeline = await seed.pipeline({ repository, reviewAppsEnabled: true });
  const dev = await seed.coupled(pipeline, "DEVELOPMENT");
  const staging = await seed.coupled(pipeline, "STAGING", { deploymentMode: "REPORTED" });
  const production = await seed.coupled(pipeline, "PRODUCTION");
  const build = await seed.build({ repository, branch: "side" });
  const release = await seed.release(dev, build);
  const deploying = await seed.release(staging, build);
  return { pipeline, dev, release, build, staging, deploying, production, free: await seed.app() };
}

type QueryName = "pipeline" | "stage" | "dev" | "staging" | "production" | "free";

function listQueries({ pipeline, dev, staging, production, free }: World): [QueryName, string, string][] {
  return [
    ["pipeline", PIPELINE_QUERY, pipeline.id],
    ["stage", STAGE_QUERY, pipeline.id],
    ["dev", APP_QUERY, dev.id],
    ["staging", APP_QUERY, staging.id],
    ["production", APP_QUERY, production.id],
    ["free", APP_QUERY, free.id],
  ];
}

interface Write {
  readonly act: (world: World) => Promise<unknown>;
  /** The queries whose responses change. */
  readonly changes: readonly QueryName[];
}

const mutate = (name: string, input: object) => admin.mutate(name, input, "__typename");

async function releaseAnother({ dev, build: { repository } }: World): Promise<void> {
  await seed.release(dev, await seed.build({ repository, branch: "side" }));
}

async function succeedOnStaging({ deploying }: World): Promise<void> {
  await mutate("reportDeployment", { release: deploying.id, phase: "SUCCEEDED" });
}

const WRITES: Readonly<Record<string, Write>> = {
  "a new pipeline": { act: () => seed.pipeline(), changes: [] },
  "a pipeline's new description": {
    act: ({ pipeline }) => mutate("updatePipeline", { pipeline: pipeline.id, description: "new" }),
    changes: ["pipeline", "stage"],
  },
  "a deleted pipeline": {
    act: ({ pipeline }) => mutate("deletePipeline", { pipeline: pipeline.id }),
    changes: ["pipeline", "stage", "dev", "staging", "production"],
  },
  "a new app": { act: () => seed.app(), changes: [] },
  "an app's new region": {
    act: ({ dev }) => mutate("updateApp", { app: dev.id, region: "eu" }),
    changes: ["pipeline", "dev"],
  },
  "a deleted app": { act: ({ free }) => mutate("deleteApp", { app: free.id }), changes: ["free"] },
  "a config var that is set": {
    act: ({ dev }) => mutate("setConfig", { app: dev.id, set: [{ key: "A", value: "1" }] }),
    changes: ["pipeline", "dev"],
  },
  "secrets that are read": {
    act: async ({ free }) => {
      await mutate("setConfig", { app: free.id, set: [{ key: "A", value: "1" }] });
      await admin.ask("query ($id: ID!) { app(app: $id) { config { value } } }", { id: free.id });
    },
    changes: ["free"],
  },
  "an added coupling": {
    act: ({ pipeline, free }) => mutate("addCoupling", { pipeline: pipeline.id, app: free.id, stage: "STAGING" }),
    changes: ["pipeline", "stage", "free"],
  },
  "a moved coupling": {
    act: ({ dev }) => mutate("moveCoupling", { coupling: dev.couplingId, stage: "STAGING" }),
    changes: ["pipeline", "stage", "dev"],
  },
  "required checks": {
    act: ({ staging }) => mutate("updateChecks", { coupling: staging.couplingId, requiredChecks: ["ci"] }),
    changes: ["pipeline", "stage"],
  },
  "automatic deploys turned off": {
    act: ({ dev }) => mutate("setAutoDeploy", { coupling: dev.couplingId, autoDeploy: false }),
    changes: ["pipeline"],
  },
  "a removed coupling": {
    act: ({ staging }) => mutate("removeCoupling", { coupling: staging.couplingId }),
    changes: ["pipeline", "stage", "staging"],
  },
  "a new build": { act: ({ build }) => seed.build({ repository: build.repository, branch: "other" }), changes: [] },
  "a build that ends": {
    act: async () => {
      const build = await seed.build({ phase: "PENDING", artifact: null });
      await mutate("updateBuild", { build: build.id, phase: "FAILED" });
    },
    changes: [],
  },
  "a release": { act: releaseAnother, changes: ["pipeline", "dev"] },
  "a rollback": {
    act: async (world) => {
      const { dev } = world;
      await releaseAnother(world);
      await mutate("rollback", { app: dev.id });
    },
    changes: ["pipeline", "dev"],
  },
  "a report of a deployment": {
    act: ({ deploying }) => mutate("reportDeployment", { release: deploying.id, phase: "SUCCEEDED" }),
    changes: ["pipeline", "stage", "staging"],
  },
  "a status of a release": {
    act: ({ release }) => mutate("reportStatus", { release: release.id, context: "ci", state: "SUCCESS" }),
    changes: ["pipeline", "dev"],
  },
  "a status of a build": {
    act: ({ build }) => mutate("reportStatus", { build: build.id, context: "ci", state: "FAILURE" }),
    changes: ["pipeline", "dev"],
  },
  "a promotion": {
    act: async ({ staging, deploying }) => {
      await mutate("reportDeployment", { release: deploying.id, phase: "SUCCEEDED" });
      await mutate("promote", { app: staging.id });
    },
    changes: ["pipeline", "stage", "staging", "production"],
  },
  "an opened and closed review app": {
    act: async ({ pipeline }) => {
      const pullRequest = { number: 7, branch: "feature", title: "A feature" };
      await mutate("openReviewApp", { pipeline: pipeline.id, pullRequest });
      await mutate("closeReviewApp", { pipeline: pipeline.id, pullRequestNumber: 7 });
    },
    changes: [],
  },
  "an opened review app": {
    act: ({ pipeline }) =>
      mutate("openReviewApp", { pipeline: pipeline.id, pullRequest: { number: 8, branch: "feature", title: "It" } }),
    changes: ["pipeline"],
  },
  "a stage's policy": {
    act: ({ pipeline }) => mutate("updateStagePolicy", { pipeline: pipeline.id, stage: "STAGING", soakTime: "1h" }),
    changes: ["stage"],
  },
  "a deployment window": {
    act: async ({ pipeline }) => {
      const hours = { kind: "DENY", timeZone: "Europe/Berlin", startTime: "01:00", endTime: "02:00" };
      const given = { name: unique("window"), scope: { pipelines: [pipeline.id] }, ...hours };
      const { window } = await admin.mutate("createDeploymentWindow", given, "window { id }");
      await mutate("updateDeploymentWindow", { window: window.id, message: "new" });
      await mutate("deleteDeploymentWindow", { window: window.id });
    },
    changes: [],
  },
  "a freeze": {
    act: async ({ pipeline, production }) => {
      const given = { scope: { pipelines: [pipeline.id] }, reason: "An incident" };
      const { freeze } = await admin.mutate("startFreeze", given, "freeze { id }");
      const later = new Date(Date.now() + 3_600_000 * 8).toISOString();
      await mutate("extendFreeze", { freeze: freeze.id, endsAt: later });
      await mutate("exemptFromFreeze", { freeze: freeze.id, app: production.id, reason: "The fix", expiresAt: later });
      await mutate("liftFreeze", { freeze: freeze.id, reason: "Fixed" });
    },
    changes: [],
  },
  "approvals, and a promotion that waits for them": {
    act: async (world) => {
      await succeedOnStaging(world);
      const required = { pipeline: world.pipeline.id, stage: "PRODUCTION", name: "managers", required: 3 };
      const { rule } = await admin.mutate("createApprovalRule", required, "rule { id }");
      await mutate("updateApprovalRule", { rule: rule.id, required: 2 });
      const { promotion } = await admin.mutate(
        "promote",
        { app: world.staging.id, whenReady: true },
        "promotion { id }",
      );
      const other = await server.as("OPERATOR");
      const { approvals } = await other.mutate("approvePromotion", { promotion: promotion.id }, "approvals { id }");
      await other.mutate("withdrawApproval", { approval: approvals[0].id }, "__typename");
      await other.mutate("rejectPromotion", { promotion: promotion.id, comment: "No" }, "__typename");
      await mutate("deleteApprovalRule", { rule: rule.id });
    },
    changes: ["pipeline", "stage", "staging"],
  },
  "a forced promotion, and its review": {
    act: async (world) => {
      await succeedOnStaging(world);
      await mutate("updateChecks", { coupling: world.production.couplingId, requiredChecks: ["ci"] });
      const forced = { app: world.staging.id, force: true, reason: "A hotfix" };
      const { promotion } = await admin.mutate("promote", forced, "promotion { id }");
      const other = await server.as("OPERATOR");
      await other.mutate("reviewForcedPromotion", { promotion: promotion.id, comment: "Fine" }, "__typename");
    },
    changes: ["pipeline", "stage", "staging", "production"],
  },
  "a promotion that is cancelled while it deploys": {
    act: async (world) => {
      const { promotion } = await admin.mutate("promote", { app: world.dev.id }, "promotion { id }");
      await succeedOnStaging(world);
      await mutate("cancelPromotion", { promotion: promotion.id, reason: "Wrong build" });
    },
    changes: ["pipeline", "stage", "staging"],
  },
  "a rollout in waves": {
    act: async (world) => {
      const second = await seed.coupled(world.pipeline, "PRODUCTION", { deploymentMode: "REPORTED" });
      await mutate("setWave", { coupling: second.couplingId, wave: 2 });
      const third = await seed.coupled(world.pipeline, "PRODUCTION", { deploymentMode: "REPORTED" });
      await mutate("setWave", { coupling: third.couplingId, wave: 3 });
      await mutate("updateStagePolicy", { pipeline: world.pipeline.id, stage: "PRODUCTION", manualWaves: [2] });
      await succeedOnStaging(world);
      const { promotion } = await admin.mutate("promote", { app: world.staging.id }, "promotion { id }");
      await mutate("pausePromotion", { promotion: promotion.id });
      await mutate("resumePromotion", { promotion: promotion.id });
      const reportOn = async ({ id }: { readonly id: string }, phase: string) => {
        const { app } = await admin.ask("query ($id: ID!) { app(app: $id) { releases(first: 1) { nodes { id } } } }", {
          id,
        });
        await mutate("reportDeployment", { release: app.releases.nodes[0].id, phase });
      };
      await reportOn(world.production, "SUCCEEDED").catch(() => undefined);
      await mutate("advancePromotion", { promotion: promotion.id });
      await reportOn(second, "FAILED");
    },
    changes: ["pipeline", "stage", "staging", "production"],
  },
  "a verification that passes, and one that fails and rolls back": {
    act: async ({ dev, build: { repository } }) => {
      const verification = { checks: ["smoke"], onFailure: "ROLL_BACK" };
      await mutate("setVerification", { coupling: dev.couplingId, verification });
      for (const state of ["SUCCESS", "FAILURE"]) {
        const { id } = await seed.release(dev, await seed.build({ repository, branch: "side" }));
        await mutate("reportStatus", { release: id, context: "smoke", state });
      }
    },
    changes: ["pipeline", "dev"],
  },
  "a build that is quarantined": {
    act: ({ build }) => mutate("quarantineBuild", { build: build.id, fromStage: "PRODUCTION", reason: "Bad" }),
    changes: ["pipeline", "dev"],
  },
  "a build that is quarantined and released": {
    act: async ({ build }) => {
      await mutate("quarantineBuild", { build: build.id, fromStage: "PRODUCTION", reason: "Bad" });
      await mutate("quarantineBuild", { build: build.id, fromStage: "STAGING", reason: "Worse" });
      await mutate("releaseBuild", { build: build.id, reason: "Good after all" });
      await mutate("quarantineBuild", { build: build.id, fromStage: "DEVELOPMENT", reason: "Bad" });
    },
    changes: ["pipeline", "dev"],
  },
  "automatic promotions that are held, and go on": {
    act: async (world) => {
      const { pipeline, production } = world;
      await mutate("updateStagePolicy", { pipeline: pipeline.id, stage: "PRODUCTION", autoPromote: true });
      const { release } = await admin.mutate(
        "createRelease",
        { app: production.id, build: world.build.id },
        "release { id }",
      );
      await mutate("reportDeployment", { release: release.id, phase: "SUCCEEDED" });
      await mutate("releaseAutomationHold", { coupling: production.couplingId });
    },
    changes: ["pipeline", "production"],
  },
  "a webhook": {
    act: async ({ pipeline }) => {
      const given = { name: unique("hook"), url: "https://hooks.example.com/", pipelines: [pipeline.id] };
      const { webhook } = await admin.mutate("createWebhook", given, "webhook { id }");
      await mutate("updateWebhook", { webhook: webhook.id, url: "https://hooks.example.com/new" });
      await mutate("deleteWebhook", { webhook: webhook.id });
    },
    changes: [],
  },
  "a token that is created and revoked": {
    act: async () => {
      const { token } = await admin.mutate("createToken", { name: unique(), role: "VIEWER" }, "token { id }");
      await mutate("revokeToken", { token: token.id });
    },
    changes: [],
  },
  "a denied action": {
    act: async () =>
      assert.equal(
        (await (await server.as("VIEWER")).queryError("{ tokens { totalCount } }")).extensions.code,
        "FORBIDDEN",
      ),
    changes: [],
  },
};

async function countHits(): Promise<number> {
  const response = await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${admin.secret}` } });
  return Number(/^railyard_response_cache_requests_total\{result="hit"\} (\d+)$/m.exec(await response.text())?.[1]);
}

let asked = 0;

/** The same query with other bytes, so that no response is cached for it. */
function askFresh(query: string, id: string) {
  asked += 1;
  return admin.post(query, { id, asked });
}

describe("a cached response after", () => {
  const observed = new Set<string>();

  for (const [name, { act, changes }] of Object.entries(WRITES)) {
    it(name, async () => {
      const world = await createWorld();
      const queries = listQueries(world);
      const before = new Map<QueryName, unknown>();
      for (const [query, text, id] of queries) before.set(query, await admin.post(text, { id }));
      const hits = await countHits();
      for (const [, text, id] of queries) await admin.post(text, { id });
      assert.equal(await countHits(), hits + queries.length, "every response is cached");
      const { events } = await recordEvents(admin, () => act(world));
      for (const { type } of events) observed.add(type);
      const changed: QueryName[] = [];
      for (const [query, text, id] of queries) {
        const [kept, fresh] = [await admin.post(text, { id }), await askFresh(text, id)];
        assert.deepEqual(kept, fresh, query);
        if (JSON.stringify(fresh) !== JSON.stringify(before.get(query))) changed.push(query);
      }
      assert.deepEqual(changed, changes);
    });
  }

  it("every type of event was checked", () => {
    assert.deepEqual([...observed].sort(), Object.keys(EventType).sort());
  });
});
