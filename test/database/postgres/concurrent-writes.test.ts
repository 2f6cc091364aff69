import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import type { Client } from "../../support/clients/client.js";
import { type Named, Seed, unique } from "../../support/data/seed.js";
import { query } from "../../support/database/database-pool.js";
import { freshDatabase } from "../../support/database/engine.js";
import {
  deliverWebhook,
  type Payload,
  pullRequest,
  status,
  WEBHOOK_SECRET,
} from "../../support/network/github-webhooks.js";
import { pickOne, pickSome } from "../../support/service/instances.js";
import { onlyOn, startServer, type TestServer } from "../../support/service/server.js";

const WRITERS = 12;
const STEPS = 25;
const CONTEXTS = ["ci", "qa"];
const BRANCHES = ["main", "feature"];
/** Expected errors of a request that lost a race or does not fit the current state. */
const EXPECTED = new Set(["BAD_USER_INPUT", "CONFLICT", "NOT_FOUND", "PROMOTION_BLOCKED"]);

describe("concurrent writes through two instances", onlyOn("postgres"), () => {
  it("never deadlock, and never run out of retries", async (t) => {
    const DATABASE_URL = await freshDatabase(t);
    const env = { DATABASE_URL, GITHUB_WEBHOOK_SECRET: WEBHOOK_SECRET };
    const instances = [await startServer(t, { env }), await startServer(t, { env })];
    const place = await furnish(instances[0] as TestServer);
    const unexpected: string[] = [];
    const write = async () => {
      for (let index = 0; index < STEPS; index += 1) {
        const [name, step] = pickOne(Object.entries(getSteps(place)));
        const said = await step(pickOne(instances));
        if (said !== null) unexpected.push(`${name}: ${said}`);
      }
    };
    await Promise.all(Array.from({ length: WRITERS }, write));
    assert.deepEqual(unexpected, []);

    const { apps } = await place.client.ask(
      "{ apps(first: 100) { nodes { releases(first: 100) { nodes { version } } } } }",
    );
    for (const { releases } of apps.nodes) {
      const versions = releases.nodes.map(({ version }: { version: number }) => version);
      assert.deepEqual(
        versions,
        versions.map((_: number, index: number) => (versions[0] ?? 0) - index),
      );
    }
    for (const instance of instances) await instance.stop();
    assert.equal(await deadlocks(DATABASE_URL), 0, "PostgreSQL had no deadlock to resolve");
  });
});

interface Place {
  readonly client: Client;
  readonly repository: string;
  readonly sha: string;
  readonly pipelines: readonly Named[];
  readonly apps: readonly (Named & { readonly couplingId: string })[];
  readonly builds: { readonly id: string }[];
}

/** Two pipelines of one repository with apps in every stage, and two builds of one commit on two branches. */
async function furnish({ admin: client }: TestServer): Promise<Place> {
  const seed = new Seed(client);
  const repository = `acme/${unique("repo")}`;
  const sha = randomBytes(20).toString("hex");
  const pipelines: Named[] = [];
  const apps: (Named & { couplingId: string })[] = [];
  for (let index = 0; index < 2; index += 1) {
    const pipeline = await seed.pipeline({ repository: `github.com/${repository}`, reviewAppsEnabled: true });
    pipelines.push(pipeline);
    apps.push(
      await seed.coupled(pipeline, "DEVELOPMENT"),
      await seed.coupled(pipeline, "DEVELOPMENT", { requiredChecks: ["ci"] }),
      await seed.coupled(pipeline, "STAGING"),
      await seed.coupled(pipeline, "STAGING", { requiredChecks: CONTEXTS }),
      await seed.coupled(pipeline, "STAGING", { deploymentMode: "REPORTED" }),
      await seed.coupled(pipeline, "PRODUCTION", { deploymentMode: "REPORTED" }),
    );
  }
  const builds = [];
  for (const branch of BRANCHES)
    builds.push(await seed.build({ repository: `github.com/${repository}`, branch, commit: { sha } }));
  return { client, repository, sha, pipelines, apps, builds };
}

type Step = (instance: TestServer) => Promise<string | null>;

/** The possible steps of a writer. Each returns an unexpected error, or null. */
function getSteps({ repository, sha, pipelines, apps, builds }: Place): Record<string, Step> {
  const asks =
    (name: string, input: () => object): Step =>
    async ({ admin }) => {
      const field = `${name[0]?.toUpperCase()}${name.slice(1)}Input!`;
      const mutation = `mutation ($input: ${field}) { ${name}(input: $input) { __typename } }`;
      const { errors } = await admin.post(mutation, { input: input() });
      const [error] = errors ?? [];
      if (error === undefined) return null;
      const given = !EXPECTED.has(error.extensions.code) || /Concurrent modification/.test(error.message);
      return given ? `${error.extensions.code} ${error.message}` : null;
    };
  const delivers =
    (event: string, payload: () => Payload): Step =>
    async ({ url }) => {
      const answer = await deliverWebhook(url, event, payload());
      return answer.status < 500 ? null : JSON.stringify(answer);
    };
  const reported = () => ({ context: pickOne(CONTEXTS), state: pickOne(["SUCCESS", "SUCCESS", "FAILURE"]) });
  const pullNumber = () => pickOne([1, 2]);
  const later = () => new Date().toISOString();
  return {
    promote: asks("promote", () => ({ app: pickOne(apps).id })),
    "promote a stage": asks("promote", () => ({
      pipeline: pickOne(pipelines).id,
      stage: pickOne(["DEVELOPMENT", "STAGING"]),
    })),
    release: asks("createRelease", () => ({ app: pickOne(apps).id, build: pickOne(builds).id })),
    rollback: asks("rollback", () => ({ app: pickOne(apps).id })),
    build: asks("createBuild", () => ({
      ...{ repository: `github.com/${repository}`, branch: pickOne(BRANCHES), commit: { sha } },
      artifact: "registry.test/image",
    })),
    "status of a build": asks("reportStatus", () => ({ build: pickOne(builds).id, ...reported() })),
    "status of a commit": delivers("status", () => {
      return status(repository, sha, pickOne(CONTEXTS), pickOne(["success", "success", "failure"]), later());
    }),
    "pull request": delivers("pull_request", () => {
      const action = pickOne(["opened", "closed"]);
      const change = { number: pullNumber(), state: action === "closed" ? "closed" : "open", head: { ref: "feature" } };
      return pullRequest(repository, action, { ...change, updated_at: later() });
    }),
    "open review app": asks("openReviewApp", () => ({
      ...{ pipeline: pickOne(pipelines).id, pullRequest: { number: pullNumber(), branch: "feature" } },
    })),
    "close review app": asks("closeReviewApp", () => ({
      pipeline: pickOne(pipelines).id,
      pullRequestNumber: pullNumber(),
    })),
    checks: asks("updateChecks", () => ({ coupling: pickOne(apps).couplingId, requiredChecks: pickSome(CONTEXTS) })),
    "no checks": asks("updateChecks", () => ({ coupling: pickOne(apps).couplingId, requiredChecks: [] })),
    "automatic deploys": asks("setAutoDeploy", () => ({
      coupling: pickOne(apps).couplingId,
      autoDeploy: pickOne([true, false]),
    })),
    move: asks("moveCoupling", () => ({
      coupling: pickOne(apps).couplingId,
      stage: pickOne(["STAGING", "PRODUCTION"]),
    })),
    app: asks("updateApp", () => ({ app: pickOne(apps).id, description: unique() })),
    pipeline: asks("updatePipeline", () => ({ pipeline: pickOne(pipelines).id, description: unique() })),
    "deployment reported": async (instance) => {
      const { app } = await instance.admin.ask(
        "query ($app: ID!) { app(app: $app) { releases(first: 5) { nodes { id phase } } } }",
        { app: pickOne(apps).id },
      );
      const release = app.releases.nodes.find(({ phase }: { phase: string }) => phase === "DEPLOYING");
      if (release === undefined) return null;
      return asks("reportDeployment", () => ({ release: release.id, phase: pickOne(["SUCCEEDED", "FAILED"]) }))(
        instance,
      );
    },
    "a pipeline that comes and goes": async (instance) => {
      const seed = new Seed(instance.admin);
      const pipeline = await seed.pipeline({ repository: `github.com/${repository}` });
      const app = await seed.coupled(pipeline, "DEVELOPMENT");
      const gone = await asks("deletePipeline", () => ({ pipeline: pipeline.id }))(instance);
      return gone ?? asks("deleteApp", () => ({ app: app.id }))(instance);
    },
  };
}

/** The number of deadlocks that PostgreSQL counted, after all connections closed. */
async function deadlocks(databaseUrl: string): Promise<number> {
  const others = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
  while ((await query(databaseUrl, others)).length > 0);
  const count = "SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()";
  const [row] = (await query(databaseUrl, count)) as [{ deadlocks: number }];
  return row.deadlocks;
}
