import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { type Named, Seed, unique } from "../support/data/seed.js";
import { dumpRows } from "../support/database/database-content.js";
import { startServer } from "../support/service/server.js";

/* Known flaws of comparable tools. Each test is named after the flaw that must not exist here. */

const server = await startServer({ after });
const { admin } = server;
const operator = await server.as("OPERATOR");
const seed = new Seed(admin);

/** Sends the same request concurrently. Returns the number of successes, and the errors of the others. */
async function race(times: number, ask: (turn: number) => Promise<unknown>) {
  const answers = await Promise.allSettled(Array.from({ length: times }, (_, turn) => ask(turn)));
  const refused = answers.filter((answer) => answer.status === "rejected");
  return { passed: times - refused.length, codes: refused.map((answer) => answer.reason.code as string) };
}

async function getVersions({ id }: Named): Promise<number[]> {
  const query = "query ($app: ID!) { app(app: $app) { releases(first: 100) { nodes { version } } } }";
  const { app } = await admin.ask(query, { app: id });
  return app.releases.nodes.map((release: { version: number }) => release.version).reverse();
}

const counted = (length: number) => Array.from({ length }, (_, index) => index + 1);
const report = (subject: object, context: string, state: string) =>
  admin.mutate("reportStatus", { ...subject, context, state }, "status { id }");
const getCode = async (client: typeof admin, mutation: string, input: object) =>
  (await client.mutationError(mutation, input)).extensions.code;

describe("prevented flaws", () => {
  it("duplicate or missing versions under concurrent promotions", async () => {
    const pipeline = await seed.pipeline();
    const sources = [await seed.coupled(pipeline, "DEVELOPMENT"), await seed.coupled(pipeline, "DEVELOPMENT")];
    const targets = [
      await seed.coupled(pipeline, "STAGING"),
      await seed.coupled(pipeline, "STAGING", { deploymentMode: "REPORTED" }),
    ];
    for (const source of sources) await seed.release(source);
    const { passed } = await race(50, (turn) =>
      admin.mutate("promote", { app: (sources[turn % 2] as Named).id }, "promotion { id }"),
    );
    assert.equal(passed, 50);
    for (const target of targets) assert.deepEqual(await getVersions(target), counted(50));
  });

  it("duplicate or missing versions under concurrent promotions, releases and rollbacks", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const target = await seed.coupled(pipeline, "STAGING");
    const build = await seed.build();
    await seed.release(dev);
    await seed.release(target);
    await seed.release(target);
    const ways = [
      () => admin.mutate("promote", { app: dev.id }, "promotion { id }"),
      () => admin.mutate("createRelease", { app: target.id, build: build.id }, "release { id }"),
      () => admin.mutate("rollback", { app: target.id }, "release { id }"),
    ];
    const { passed, codes } = await race(30, (turn) => (ways[turn % 3] as () => Promise<unknown>)());
    // A rollback is refused once every other build was rolled back from.
    assert.ok(passed >= 20 && codes.every((code) => code === "CONFLICT"), codes.join());
    assert.deepEqual(await getVersions(target), counted(2 + passed));
  });

  it("duplicate pipelines, apps, couplings or statuses from concurrent requests", async () => {
    const name = unique("raced");
    const pipelines = await race(10, () => admin.mutate("createPipeline", { name }, "pipeline { id }"));
    assert.deepEqual(pipelines, { passed: 1, codes: Array(9).fill("CONFLICT") });
    const apps = await race(10, () => admin.mutate("createApp", { name }, "app { id }"));
    assert.deepEqual(apps, { passed: 1, codes: Array(9).fill("CONFLICT") });
    const others = [await seed.pipeline(), await seed.pipeline()];
    const couplings = await race(10, (turn) =>
      admin.mutate(
        "addCoupling",
        { app: name, pipeline: (others[turn % 2] as Named).id, stage: "STAGING" },
        "coupling { id }",
      ),
    );
    assert.deepEqual(couplings, { passed: 1, codes: Array(9).fill("CONFLICT") });
    const build = await seed.build();
    const release = await seed.release(await seed.app(), build);
    for (const subject of [{ release: release.id }, { build: build.id }]) {
      const ids = await Promise.all(
        counted(10).map(async (turn) => (await report(subject, "ci", turn % 2 ? "SUCCESS" : "FAILURE")).status.id),
      );
      assert.equal(new Set(ids).size, 1);
    }
    const query = `query ($id: ID!, $name: String!) {
      release(id: $id) { statuses { context } }
      pipelines(nameContains: $name) { totalCount }
      apps(nameContains: $name) { totalCount }
    }`;
    assert.deepEqual(await admin.ask(query, { id: release.id, name }), {
      release: { statuses: [{ context: "ci" }] },
      pipelines: { totalCount: 1 },
      apps: { totalCount: 1 },
    });
  });

  it("a rename to a taken name, also under concurrency", async () => {
    const [one, two] = [await seed.pipeline(), await seed.pipeline()];
    const name = unique("wanted");
    const { passed, codes } = await race(2, (turn) =>
      admin.mutate("updatePipeline", { pipeline: ([one, two][turn] as Named).id, name }, "pipeline { id }"),
    );
    assert.deepEqual([passed, codes], [1, ["CONFLICT"]]);
  });

  it("promotion of a failed release, by id or as the newest", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT", { deploymentMode: "REPORTED" });
    const staging = await seed.coupled(pipeline, "STAGING");
    const good = await seed.build();
    const first = await seed.release(dev, good);
    await admin.mutate("reportDeployment", { release: first.id, phase: "SUCCEEDED" }, "release { id }");
    const second = await seed.release(dev);
    await admin.mutate("reportDeployment", { release: second.id, phase: "FAILED" }, "release { id }");
    const force = { force: true, reason: "Really" };
    for (const how of [{}, force]) {
      assert.equal(await getCode(admin, "promote", { app: dev.id, release: second.id, ...how }), "PROMOTION_BLOCKED");
    }
    assert.deepEqual(await getVersions(staging), []);
    const { promotion } = await admin.mutate("promote", { app: dev.id }, "promotion { build { id } }");
    assert.equal(promotion.build.id, good.id);
  });

  it("a promotion across pipelines, or past the next stage", async () => {
    const [mine, other] = [await seed.pipeline(), await seed.pipeline()];
    const dev = await seed.coupled(mine, "DEVELOPMENT");
    const production = await seed.coupled(mine, "PRODUCTION");
    const foreign = await seed.coupled(other, "STAGING");
    await seed.coupled(mine, "STAGING");
    const foreignDev = await seed.coupled(other, "DEVELOPMENT");
    await seed.release(dev);
    const stranger = await seed.release(foreignDev);
    for (const input of [
      { app: dev.id, targets: [foreign.id] },
      { app: dev.id, targets: [production.id] },
      { app: dev.id, pipeline: other.id },
      { app: dev.id, release: stranger.id },
    ]) {
      assert.equal(await getCode(admin, "promote", input), "BAD_USER_INPUT");
    }
    for (const app of [foreign, production]) assert.deepEqual(await getVersions(app), []);
  });

  it("a partial promotion if one of many targets refuses", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    for (let count = 0; count < 11; count += 1) await seed.coupled(pipeline, "STAGING");
    await seed.coupled(pipeline, "STAGING", { requiredChecks: ["ci"] });
    await seed.release(dev);
    const before = await dumpRows(server);
    assert.equal(await getCode(admin, "promote", { app: dev.id }), "PROMOTION_BLOCKED");
    assert.deepEqual(await dumpRows(server), before);
  });

  it("a gate bypassed by deleting and recreating the pipeline or the coupling, or by moving it", async () => {
    const pipeline = await seed.pipeline();
    const { couplingId: coupling, ...app } = await seed.coupled(pipeline, "PRODUCTION", { requiredChecks: ["ci"] });
    const before = await dumpRows(server);
    const ways: [string, object][] = [
      ["deletePipeline", { pipeline: pipeline.id }],
      ["removeCoupling", { coupling }],
      ["updateChecks", { coupling, requiredChecks: [] }],
      ["updateChecks", { coupling, requiredChecks: ["other"] }],
      ["moveCoupling", { coupling, stage: "DEVELOPMENT" }],
      ["deleteApp", { app: app.id }],
    ];
    for (const [mutation, input] of ways) assert.equal(await getCode(operator, mutation, input), "FORBIDDEN", mutation);
    const elsewhere = { pipeline: (await seed.pipeline()).id, app: app.id, stage: "PRODUCTION" };
    assert.equal(await getCode(operator, "addCoupling", elsewhere), "CONFLICT");
    const added = (await dumpRows(server)).filter((line) => !before.includes(line));
    assert.deepEqual(
      added
        .map((line) => line.split(" ")[0])
        .filter((table) => !["events", "event_log", "pipelines"].includes(table as string)),
      [],
    );
  });

  it("a gate bypassed by releasing directly to the app", async () => {
    const pipeline = await seed.pipeline();
    const app = await seed.coupled(pipeline, "PRODUCTION", { requiredChecks: ["ci"] });
    const build = await seed.build();
    const input = { app: app.id, build: build.id };
    assert.equal(await getCode(operator, "createRelease", input), "PROMOTION_BLOCKED");
    assert.deepEqual(await getVersions(app), []);
  });

  it("a gate bypassed while the status is withdrawn: promotions pass before it, and none after", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    await seed.coupled(pipeline, "STAGING", { requiredChecks: ["ci"] });
    const release = await seed.release(dev);
    await report({ release: release.id }, "ci", "SUCCESS");
    await race(21, (turn) =>
      turn === 10
        ? report({ release: release.id }, "ci", "FAILURE")
        : admin.mutate("promote", { app: dev.id }, "promotion { id }"),
    );
    const types = ["PROMOTION_STARTED", "RELEASE_STATUS_REPORTED"];
    const { events } = await admin.ask(
      "query ($types: [EventType!], $pipeline: ID) { events(last: 100, types: $types, pipeline: $pipeline) { nodes { type ... on ReleaseStatusEvent { state } } } }",
      { types, pipeline: pipeline.id },
    );
    const order = events.nodes.map((event: { type: string; state?: string }) => event.state ?? event.type);
    assert.equal(order.indexOf("FAILURE"), order.length - 1, "nothing was promoted after the failure");
  });

  it("an older success that still counts after a failure", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    await seed.coupled(pipeline, "STAGING", { requiredChecks: ["ci"] });
    const build = await seed.build();
    const release = await seed.release(dev, build);
    const blockers = async () => {
      const { extensions } = await admin.mutationError("promote", { app: dev.id });
      return (extensions.blockers as { code: string }[]).map((blocker) => blocker.code);
    };
    await report({ release: release.id }, "ci", "SUCCESS");
    await report({ release: release.id }, "ci", "FAILURE");
    assert.deepEqual(await blockers(), ["CHECK_FAILED"]);
    // A success of the build does not override the release's failure either.
    await report({ build: build.id }, "ci", "SUCCESS");
    assert.deepEqual(await blockers(), ["CHECK_FAILED"]);
    await report({ release: release.id }, "ci", "PENDING");
    assert.deepEqual(await blockers(), ["CHECK_PENDING"]);
    await report({ release: release.id }, "ci", "SUCCESS");
    const { promotion } = await admin.mutate("promote", { app: dev.id }, "promotion { phase }");
    assert.equal(promotion.phase, "SUCCEEDED");
  });

  it("lost targets: each keeps its release, phase and checks, also after it left the pipeline", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const targets = [await seed.coupled(pipeline, "STAGING"), await seed.coupled(pipeline, "STAGING")];
    await seed.release(dev);
    const { promotion } = await admin.mutate("promote", { app: dev.id }, "promotion { id }");
    const query =
      "query ($id: ID!) { promotion(id: $id) { targets { id phase app { name } release { id version } checks { context } } } }";
    const before = await admin.ask(query, { id: promotion.id });
    assert.equal(before.promotion.targets.length, 2);
    for (const { couplingId: coupling } of targets)
      await admin.mutate("removeCoupling", { coupling }, "removedCouplingId");
    await admin.mutate("deleteApp", { app: targets[1]?.id }, "deletedAppId");
    await seed.release(targets[0] as Named);
    assert.deepEqual(await admin.ask(query, { id: promotion.id }), before);
  });

  it("constant phases: events contain the phase that the deployer reported", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    await seed.coupled(pipeline, "STAGING", { deploymentMode: "REPORTED" });
    await seed.release(dev);
    for (const phase of ["SUCCEEDED", "FAILED"]) {
      const selection = "promotion { id phase targets { phase release { id phase } } }";
      const { promotion } = await admin.mutate("promote", { app: dev.id }, selection);
      const [{ release }] = promotion.targets;
      assert.deepEqual([promotion.phase, release.phase], ["IN_PROGRESS", "DEPLOYING"]);
      await admin.mutate("reportDeployment", { release: release.id, phase }, "release { id }");
      const query = "query ($id: ID!) { promotion(id: $id) { phase targets { phase release { phase } } } }";
      const { promotion: ended } = await admin.ask(query, { id: promotion.id });
      assert.deepEqual(ended, { phase, targets: [{ phase, release: { phase } }] });
    }
  });

  it("history that disappears with its pipeline", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const staging = await seed.coupled(pipeline, "STAGING");
    const release = await seed.release(dev);
    const { promotion } = await admin.mutate("promote", { app: dev.id }, "promotion { id }");
    const query = `query ($pipeline: ID!, $promotion: ID!, $release: ID!) {
      promotion(id: $promotion) { phase source { name } targets { app { name } release { version } } }
      promotions(pipeline: $pipeline) { nodes { id } }
      release(id: $release) { version app { name } }
      events(pipeline: $pipeline, types: [RELEASE_CREATED, PROMOTION_STARTED, PROMOTION_FINISHED]) { nodes { cursor type pipelineId } }
    }`;
    const names = { pipeline: pipeline.id, promotion: promotion.id, release: release.id };
    const before = await admin.ask(query, names);
    assert.equal(before.events.nodes.length, 4);
    await admin.mutate("deletePipeline", { pipeline: pipeline.id }, "deletedPipelineId");
    assert.deepEqual(await admin.ask(query, names), before);
    for (const app of [dev, staging]) await admin.mutate("deleteApp", { app: app.id }, "deletedAppId");
    assert.deepEqual(await admin.ask(query, names), before);
  });
});
