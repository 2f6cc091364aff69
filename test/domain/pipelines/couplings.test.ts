import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { formatEvents, recordEvents } from "../../support/clients/event-log.js";
import { type Named, Seed, unique } from "../../support/data/seed.js";
import { dumpRows } from "../../support/database/database-content.js";
import { startServer } from "../../support/service/server.js";

const server = await startServer({ after });
const { admin } = server;
const operator = await server.as("OPERATOR");
const seed = new Seed(admin);

const COUPLING = "coupling { id stage requiredChecks autoDeploy }";
const getChecks = async (id: string) =>
  (await admin.ask("query ($id: ID!) { coupling(id: $id) { requiredChecks } }", { id })).coupling?.requiredChecks;

describe("a coupling", () => {
  it("sorts its required checks, without duplicates", async () => {
    const { couplingId } = await seed.coupled(await seed.pipeline(), "STAGING", { requiredChecks: ["b", "a", "b"] });
    assert.deepEqual(await getChecks(couplingId), ["a", "b"]);
    const input = { coupling: couplingId, requiredChecks: ["c", "a", "b", "c"] };
    const { coupling } = await operator.mutate("updateChecks", input, COUPLING);
    assert.deepEqual(coupling.requiredChecks, ["a", "b", "c"]);
  });

  it("deploys automatically in development only, unless disabled there", async () => {
    const pipeline = await seed.pipeline();
    const add = async (stage: string, autoDeploy?: boolean) => {
      const app = await seed.app();
      return { pipeline: pipeline.id, app: app.id, stage, autoDeploy };
    };
    const made = async (input: object) => (await operator.mutate("addCoupling", input, COUPLING)).coupling;
    assert.equal((await made(await add("DEVELOPMENT"))).autoDeploy, true);
    assert.equal((await made(await add("DEVELOPMENT", false))).autoDeploy, false);
    for (const stage of ["REVIEW", "STAGING", "PRODUCTION"]) {
      const { id, autoDeploy } = await made(await add(stage));
      assert.equal(autoDeploy, false);
      const wrong = await operator.mutationError("addCoupling", await add(stage, true));
      assert.deepEqual([wrong.extensions.code, wrong.extensions.field], ["BAD_USER_INPUT", "autoDeploy"]);
      const later = await operator.mutationError("setAutoDeploy", { coupling: id, autoDeploy: true });
      assert.deepEqual([later.extensions.code, later.extensions.field], ["BAD_USER_INPUT", "autoDeploy"]);
    }
  });

  it("keeps automatic deployments only when it moves into development", async () => {
    const { couplingId: coupling } = await seed.coupled(await seed.pipeline(), "DEVELOPMENT");
    const move = async (stage: string) =>
      (await operator.mutate("moveCoupling", { coupling, stage }, COUPLING)).coupling;
    assert.deepEqual(await move("STAGING"), { id: coupling, stage: "STAGING", requiredChecks: [], autoDeploy: false });
    assert.equal((await move("DEVELOPMENT")).autoDeploy, true);
  });

  it("keeps its setting of automatic deployments away from development, in another pipeline, and back", async () => {
    const repository = `acme/${unique()}`;
    const home = await seed.pipeline({ repository });
    const app = await seed.coupled(home, "DEVELOPMENT");
    const id = async () =>
      (await admin.ask("query ($app: ID!) { coupling(app: $app) { id } }", { app: app.id })).coupling.id;
    const set = async (autoDeploy: boolean) =>
      operator.mutate("setAutoDeploy", { coupling: await id(), autoDeploy }, COUPLING);
    const move = async (stage: string) =>
      (await operator.mutate("moveCoupling", { coupling: await id(), stage }, COUPLING)).coupling.autoDeploy;
    const add = async (pipeline: Named, stage: string, input: object = {}) => {
      await admin.mutate("removeCoupling", { coupling: await id() }, "removedCouplingId");
      const given = { pipeline: pipeline.id, app: app.id, stage, ...input };
      return (await operator.mutate("addCoupling", given, COUPLING)).coupling.autoDeploy;
    };
    await set(false);
    assert.deepEqual(
      [await move("STAGING"), await move("PRODUCTION"), await move("DEVELOPMENT")],
      [false, false, false],
    );
    await seed.build({ repository, branch: "main" });
    const { app: found } = await admin.ask("query ($id: ID!) { app(app: $id) { releases { totalCount } } }", {
      id: app.id,
    });
    assert.equal(found.releases.totalCount, 0, "no build was deployed");
    const away = await seed.pipeline();
    assert.deepEqual([await add(away, "STAGING"), await add(home, "DEVELOPMENT")], [false, false]);
    assert.equal(await add(away, "DEVELOPMENT"), false);
    await set(true);
    assert.deepEqual(
      [await move("STAGING"), await add(home, "STAGING"), await move("DEVELOPMENT")],
      [false, false, true],
    );
    assert.equal(await add(away, "DEVELOPMENT", { autoDeploy: false }), false, "what is given wins, and is kept");
    assert.deepEqual([await move("REVIEW"), await move("DEVELOPMENT")], [false, false]);
  });

  it("puts an app in at most one pipeline", async () => {
    const pipeline = await seed.pipeline();
    const app = await seed.coupled(pipeline, "STAGING");
    for (const other of [pipeline, await seed.pipeline()]) {
      const error = await operator.mutationError("addCoupling", {
        pipeline: other.id,
        app: app.id,
        stage: "DEVELOPMENT",
      });
      assert.equal(error.extensions.code, "CONFLICT");
    }
  });

  it("accepts no required checks in REVIEW, through any operation", async () => {
    const pipeline = await seed.pipeline();
    const app = await seed.app();
    const refusals = [
      await admin.mutationError("addCoupling", {
        pipeline: pipeline.id,
        app: app.id,
        stage: "REVIEW",
        requiredChecks: ["ci"],
      }),
      await admin.mutationError("updateChecks", {
        coupling: (await seed.coupled(pipeline, "REVIEW")).couplingId,
        requiredChecks: ["ci"],
      }),
      await admin.mutationError("moveCoupling", {
        coupling: (await seed.coupled(pipeline, "STAGING", { requiredChecks: ["ci"] })).couplingId,
        stage: "REVIEW",
      }),
    ];
    for (const { extensions } of refusals) assert.equal(extensions.code, "BAD_USER_INPUT");
    assert.deepEqual(
      refusals.map(({ extensions }) => extensions.field),
      ["requiredChecks", "requiredChecks", "stage"],
    );
  });

  it("writes nothing if nothing changes", async () => {
    const pipeline = await seed.pipeline();
    const { couplingId: coupling } = await seed.coupled(pipeline, "DEVELOPMENT", { requiredChecks: ["a", "b"] });
    const before = await dumpRows(server);
    await operator.mutate("updateChecks", { coupling, requiredChecks: ["b", "a", "a"] }, COUPLING);
    await admin.mutate("moveCoupling", { coupling, stage: "DEVELOPMENT" }, COUPLING);
    await operator.mutate("setAutoDeploy", { coupling, autoDeploy: true }, COUPLING);
    assert.deepEqual(await dumpRows(server), before);
  });
});

describe("an operation that could bypass a gate", () => {
  /** An OPERATOR is refused, and nothing is written. */
  async function forbidden(mutation: string, input: object): Promise<void> {
    const before = await dumpRows(server);
    const error = await operator.mutationError(mutation, input);
    assert.equal(error.extensions.code, "FORBIDDEN", mutation);
    assert.match(error.message, /ADMIN/);
    const after = await dumpRows(server);
    const [written, lost] = [
      after.filter((row) => !before.includes(row)),
      before.filter((row) => !after.includes(row)),
    ];
    // The attempt is recorded. Nothing else has changed except the head of the log.
    const rows = written.map((row) => /"type":"ACCESS_DENIED"/.exec(row)?.[0] ?? row.split(" ", 1)[0]);
    assert.deepEqual(rows.sort(), ['"type":"ACCESS_DENIED"', "event_log"], mutation);
    assert.deepEqual(
      lost.map((row) => row.split(" ", 1)[0]),
      ["event_log"],
      mutation,
    );
  }

  it("requires ADMIN: removing a check, removing or moving the coupling, deleting the pipeline or an app", async () => {
    const pipeline = await seed.pipeline();
    const app = await seed.coupled(pipeline, "PRODUCTION", { requiredChecks: ["a", "b"] });
    const { couplingId: coupling } = app;
    await forbidden("updateChecks", { coupling, requiredChecks: [] });
    await forbidden("updateChecks", { coupling, requiredChecks: ["a"] });
    await forbidden("updateChecks", { coupling, requiredChecks: ["a", "c", "d"] });
    await forbidden("moveCoupling", { coupling, stage: "STAGING" });
    await forbidden("removeCoupling", { coupling });
    await forbidden("removeCoupling", { coupling: (await seed.coupled(pipeline, "STAGING")).couplingId });
    await forbidden("deletePipeline", { pipeline: pipeline.id });
    await forbidden("deletePipeline", { pipeline: (await seed.pipeline()).id });
    await forbidden("deleteApp", { app: app.id });
    await forbidden("deleteApp", { app: (await seed.app()).id });
    await operator.mutate("updateChecks", { coupling, requiredChecks: ["a", "b", "c"] }, COUPLING);
    await admin.mutate("updateChecks", { coupling, requiredChecks: ["c"] }, COUPLING);
    assert.deepEqual(await getChecks(coupling), ["c"]);
    await admin.mutate("moveCoupling", { coupling, stage: "STAGING" }, COUPLING);
    await admin.mutate("removeCoupling", { coupling }, "removedCouplingId");
    assert.equal(await getChecks(coupling), undefined);
  });

  it("requires OPERATOR if there is no check", async () => {
    const pipeline = await seed.pipeline();
    const { couplingId: coupling } = await seed.coupled(pipeline, "STAGING");
    const { coupling: moved } = await operator.mutate("moveCoupling", { coupling, stage: "PRODUCTION" }, COUPLING);
    assert.equal(moved.stage, "PRODUCTION");
  });

  it("is refused to a REPORTER", async () => {
    const reporter = await server.as("REPORTER");
    const pipeline = await seed.pipeline();
    const { couplingId: coupling } = await seed.coupled(pipeline, "DEVELOPMENT");
    const app = await seed.app();
    const inputs: [string, object][] = [
      ["createPipeline", { name: "unwanted" }],
      ["updatePipeline", { pipeline: pipeline.id, description: "x" }],
      ["createApp", { name: "unwanted" }],
      ["updateApp", { app: app.id, description: "x" }],
      ["addCoupling", { pipeline: pipeline.id, app: app.id, stage: "STAGING" }],
      ["updateChecks", { coupling, requiredChecks: ["ci"] }],
      ["moveCoupling", { coupling, stage: "STAGING" }],
      ["setAutoDeploy", { coupling, autoDeploy: false }],
      ["createRelease", { app: app.id, build: (await seed.build()).id }],
      ["rollback", { app: app.id }],
      ["openReviewApp", { pipeline: pipeline.id, pullRequest: { number: 1, branch: "x" } }],
      ["closeReviewApp", { pipeline: pipeline.id, pullRequestNumber: 1 }],
    ];
    for (const [mutation, input] of inputs) {
      assert.equal((await reporter.mutationError(mutation, input)).extensions.code, "FORBIDDEN", mutation);
    }
  });
});

describe("the events of a coupling", () => {
  it("have the coupling as subject with its app's name, and say what changed", async () => {
    const pipeline = await seed.pipeline();
    const app = await seed.app();
    const { result: coupling, events } = await recordEvents(admin, async () => {
      const input = { pipeline: pipeline.id, app: app.id, stage: "DEVELOPMENT", requiredChecks: ["qa/smoke"] };
      const { id } = (await admin.mutate("addCoupling", input, COUPLING)).coupling;
      await admin.mutate("updateChecks", { coupling: id, requiredChecks: ["ci/build"] }, COUPLING);
      await admin.mutate("setAutoDeploy", { coupling: id, autoDeploy: false }, COUPLING);
      await admin.mutate("moveCoupling", { coupling: id, stage: "PRODUCTION" }, COUPLING);
      await admin.mutate("removeCoupling", { coupling: id }, "removedCouplingId");
      return id;
    });
    const types = ["ADDED", "CHECKS_UPDATED", "AUTO_DEPLOY_CHANGED", "MOVED", "REMOVED"];
    assert.deepEqual(
      formatEvents(events),
      types.map((type) => `COUPLING_${type} ${app.name}`),
    );
    for (const event of events) assert.deepEqual([event.subjectId, event.pipelineId], [coupling, pipeline.id]);
    assert.deepEqual(
      events.map((event) => event.summary),
      [
        `${app.name} added to DEVELOPMENT of ${pipeline.name}, requiring qa/smoke`,
        `Required checks of ${app.name}: +ci/build -qa/smoke`,
        `Automatic deploys of ${app.name} switched off`,
        `${app.name} moved to PRODUCTION`,
        `${app.name} removed from PRODUCTION of ${pipeline.name}`,
      ],
    );
  });
});
