import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { DeploymentWindow } from "../../../../src/entities/gates/deployment-window.js";
import type { Client } from "../../../support/clients/client.js";
import { createScopedToken } from "../../../support/data/pipeline-fixture.js";
import { buildsOn, type Named, Seed, unique } from "../../../support/data/seed.js";
import { leastStatements } from "../../../support/database/least-statements.js";
import { HOUR } from "../../../support/service/clock.js";
import { readLog } from "../../../support/service/instances.js";
import { startServer } from "../../../support/service/server.js";

/** A Tuesday, 10:00 in London, 11:00 in Berlin. */
const START = "2030-03-05T10:00:00.000Z";
let time = Date.parse(START);
const server = await startServer({ after }, { now: () => new Date(time) });
const { admin } = server;
const operator = await server.as("OPERATOR");
const seed = new Seed(admin);

/** A pipeline with a release in DEVELOPMENT that could be promoted to an app in STAGING. */
async function promotable() {
  const pipeline = await seed.pipeline();
  const dev = await seed.coupled(pipeline, "DEVELOPMENT");
  const staging = await seed.coupled(pipeline, "STAGING");
  const build = await seed.build();
  await seed.release(dev, build);
  return { pipeline, dev, staging, build, scope: { pipelines: [pipeline.id] } };
}

const freeze = async (input: object, client = operator): Promise<string> =>
  (await client.mutate("startFreeze", { reason: "Incident 7", ...input }, "freeze { id }")).freeze.id;
const lift = (id: string) => admin.mutate("liftFreeze", { freeze: id, reason: "Over" }, "freeze { id }");
const window = async (input: object): Promise<Named> =>
  (
    await admin.mutate(
      "createDeploymentWindow",
      { name: unique("window"), kind: "DENY", timeZone: "UTC", startTime: "09:00", endTime: "17:00", ...input },
      "window { id name }",
    )
  ).window;

const BLOCKER = "code message remedies clearsAt overridable app { id } cause { __typename id }";

async function blockers(app: Named, client: Client = admin) {
  const { promotionPlan } = await client.ask(
    `query ($app: ID!) { promotionPlan(input: { app: $app }) { promotable blockers { ${BLOCKER} } } }`,
    { app: app.id },
  );
  assert.equal(promotionPlan.promotable, promotionPlan.blockers.length === 0);
  return promotionPlan.blockers;
}

const codes = async (app: Named) => (await blockers(app)).map(({ code }: { code: string }) => code);
const promote = (app: Named, input: object = {}) =>
  admin.mutate("promote", { app: app.id, ...input }, "promotion { phase targets { release { id } } }");
const refused = async (mutation: string, input: object, client: Client = admin) => {
  const { extensions } = await client.mutationError(mutation, input);
  return [extensions.code, ...((extensions.blockers ?? []) as { code: string }[]).map(({ code }) => code)];
};

async function gate(app: Named) {
  const { coupling } = await admin.ask(
    `query ($app: ID!) { coupling(app: $app) { gate { open nextOpensAt nextClosesAt blockers { code } } } }`,
    { app: app.id },
  );
  const { open, nextOpensAt, nextClosesAt, blockers: found } = coupling.gate;
  return [open, nextOpensAt, nextClosesAt, ...found.map(({ code }: { code: string }) => code)];
}

const at = (text: string) => {
  time = Date.parse(text);
};

describe("a freeze", () => {
  it("blocks promotions and says what clears it and when; after it, they go", async () => {
    at(START);
    const { dev, staging, scope } = await promotable();
    const id = await freeze({ scope });
    const clearsAt = new Date(time + 4 * HOUR).toISOString();
    assert.deepEqual(await blockers(dev), [
      {
        code: "FROZEN",
        message: `${staging.name} is frozen until ${clearsAt}: Incident 7`,
        remedies: ["WAIT", "LIFT_FREEZE", "FORCE"],
        ...{ clearsAt, overridable: true, app: { id: staging.id }, cause: { __typename: "Freeze", id } },
      },
    ]);
    assert.deepEqual(await refused("promote", { app: dev.id }), ["PROMOTION_BLOCKED", "FROZEN"]);
    assert.deepEqual(await gate(staging), [false, clearsAt, null, "FROZEN"]);
    time += 4 * HOUR;
    assert.deepEqual(await blockers(dev), []);
    assert.equal((await promote(dev)).promotion.phase, "SUCCEEDED");
  });

  it("blocks where its scope matches, in every list", async () => {
    at(START);
    const one = await promotable();
    const other = await promotable();
    const inStaging = await freeze({ scope: { ...one.scope, stages: ["STAGING"] } });
    assert.deepEqual([await codes(one.dev), await codes(other.dev)], [["FROZEN"], []]);
    assert.deepEqual(await gate(one.dev), [true, null, null]);
    await lift(inStaging);
    await freeze({ scope: { ...one.scope, stages: ["PRODUCTION"] } });
    await freeze({ scope: { ...one.scope, apps: [other.staging.id] } });
    assert.deepEqual(await codes(one.dev), []);
    const everywhere = await freeze({});
    assert.deepEqual([await codes(one.dev), await codes(other.dev)], [["FROZEN"], ["FROZEN"]]);
    await lift(everywhere);
    assert.deepEqual(await codes(one.dev), []);
  });

  it("yields to force unless it is hard", async () => {
    at(START);
    const { dev, scope } = await promotable();
    const force = { force: true, reason: "The site is down" };
    const hard = await freeze({ scope, hard: true, untilLifted: true });
    const [blocker] = await blockers(dev);
    assert.deepEqual([blocker.remedies, blocker.overridable, blocker.clearsAt], [["LIFT_FREEZE"], false, null]);
    assert.deepEqual(await refused("promote", { app: dev.id, ...force }), ["PROMOTION_BLOCKED", "FROZEN"]);
    await lift(hard);
    const id = await freeze({ scope });
    const { promotion } = await promote(dev, force);
    const { release } = await admin.ask("query ($id: ID!) { release(id: $id) { forced duringFreeze { id } } }", {
      id: promotion.targets[0].release.id,
    });
    assert.deepEqual(release, { forced: true, duringFreeze: { id } });
  });

  it("lets through the build or the app that is exempted, until the exemption ends", async () => {
    at(START);
    const { dev, staging, build, scope } = await promotable();
    const id = await freeze({ scope, untilLifted: true });
    const expiresAt = new Date(time + HOUR).toISOString();
    const exempt = (input: object) =>
      admin.mutate("exemptFromFreeze", { freeze: id, reason: "The fix", expiresAt, ...input }, "freeze { id }");
    await exempt({ build: (await seed.build()).id });
    assert.deepEqual(await codes(dev), ["FROZEN"]);
    await exempt({ build: build.id });
    assert.deepEqual(await codes(dev), []);
    // The place is frozen all the same.
    assert.deepEqual(await gate(staging), [false, null, null, "FROZEN"]);
    time += HOUR;
    assert.deepEqual(await refused("promote", { app: dev.id }), ["PROMOTION_BLOCKED", "FROZEN"]);
    const later = new Date(time + HOUR).toISOString();
    await exempt({ app: staging.id, expiresAt: later });
    assert.deepEqual([await codes(dev), await gate(staging)], [[], [true, null, later]]);
  });

  it("blocks releases straight onto apps, but never the way back, and the record says that it was in force", async () => {
    at(START);
    const { dev, staging, scope } = await promotable();
    const [old, next] = [await seed.build(), await seed.build()];
    for (const build of [old, next]) await seed.release(staging, build);
    const id = await freeze({ scope, hard: true });
    const fresh = await seed.build();
    for (const app of [dev, staging]) {
      assert.deepEqual(await refused("createRelease", { app: app.id, build: fresh.id }), [
        "PROMOTION_BLOCKED",
        "FROZEN",
      ]);
    }
    const selection = "release { build { id } duringFreeze { id reason } }";
    const inForce = { id, reason: "Incident 7" };
    const back = await operator.mutate("rollback", { app: staging.id }, selection);
    assert.deepEqual(back.release, { build: { id: old.id }, duringFreeze: inForce });
    const again = await operator.mutate("createRelease", { app: staging.id, build: next.id }, selection);
    assert.deepEqual(again.release, { build: { id: next.id }, duringFreeze: inForce });
    await lift(id);
    const free = await operator.mutate("createRelease", { app: staging.id, build: fresh.id }, selection);
    assert.equal(free.release.duringFreeze, null);
  });

  it("of elsewhere blocks nothing of a token that is restricted to pipelines, and one of here does", async () => {
    at(START);
    const [mine, other] = [await promotable(), await promotable()];
    const client = await createScopedToken(server, "OPERATOR", [mine.pipeline]);
    await freeze({ scope: other.scope });
    assert.deepEqual(await blockers(mine.dev, client), []);
    const both = await freeze({ scope: { pipelines: [mine.pipeline.id, other.pipeline.id] } });
    const [blocker, ...more] = await blockers(mine.dev, client);
    assert.deepEqual([blocker.cause.id, more], [both, []]);
    assert.deepEqual(await refused("promote", { app: mine.dev.id }, client), ["PROMOTION_BLOCKED", "FROZEN"]);
  });
});

describe("a deployment window", () => {
  it("of kind DENY closes while it is active, with its message", async () => {
    at(START);
    const { dev, staging, scope } = await promotable();
    const lunch = await window({ scope, startTime: "11:00", endTime: "12:00", message: "Lunch" });
    assert.deepEqual(await gate(staging), [true, null, "2030-03-05T11:00:00.000Z"]);
    at("2030-03-05T11:00:00Z");
    assert.deepEqual(await blockers(dev), [
      {
        code: "WINDOW_CLOSED",
        message: `Window ${lunch.name} keeps ${staging.name} closed until 2030-03-05T12:00:00.000Z: Lunch`,
        remedies: ["WAIT", "FORCE"],
        clearsAt: "2030-03-05T12:00:00.000Z",
        overridable: true,
        app: { id: staging.id },
        cause: { __typename: "DeploymentWindow", id: lunch.id },
      },
    ]);
    assert.deepEqual(await refused("promote", { app: dev.id }), ["PROMOTION_BLOCKED", "WINDOW_CLOSED"]);
    assert.deepEqual(await refused("createRelease", { app: staging.id, build: (await seed.build()).id }), [
      "PROMOTION_BLOCKED",
      "WINDOW_CLOSED",
    ]);
    at("2030-03-05T12:00:00Z");
    assert.deepEqual(await blockers(dev), []);
    await promote(dev);
  });

  it("of kind ALLOW closes outside of it, unless another one is active", async () => {
    at("2030-03-05T18:30:00Z");
    const { dev, staging, scope } = await promotable();
    const hours = { kind: "ALLOW", scope, recurrence: "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR" };
    const berlin = await window({ ...hours, timeZone: "Europe/Berlin" });
    await window({ ...hours, timeZone: "America/New_York" });
    // 13:30 in New York.
    assert.deepEqual(await blockers(dev), []);
    assert.deepEqual(await gate(staging), [true, null, "2030-03-05T22:00:00.000Z"]);
    at("2030-03-05T23:00:00Z");
    const opens = "2030-03-06T08:00:00.000Z";
    const [blocker, ...more] = await blockers(dev);
    assert.equal(
      blocker.message,
      `${staging.name} is closed outside of its deployment windows; ${berlin.name} begins at ${opens}.`,
    );
    assert.deepEqual([blocker.clearsAt, blocker.cause.id, more], [opens, berlin.id, []]);
    // From Friday evening to Monday morning, and a freeze on Monday morning.
    at("2030-03-08T23:00:00Z");
    await freeze({ scope, startsAt: "2030-03-11T07:30:00Z", endsAt: "2030-03-11T09:15:00Z" });
    assert.deepEqual(await gate(staging), [false, "2030-03-11T09:15:00.000Z", null, "WINDOW_CLOSED"]);
    at("2030-03-11T09:15:00Z");
    await promote(dev);
  });

  it("that never begins again clears by force only", async () => {
    at(START);
    const { dev, staging, scope } = await promotable();
    await window({ kind: "ALLOW", scope, endDate: "2030-03-05" });
    at("2030-03-06T00:00:00Z");
    const [blocker] = await blockers(dev);
    assert.deepEqual([blocker.code, blocker.clearsAt, blocker.remedies], ["WINDOW_CLOSED", null, ["FORCE"]]);
    assert.match(blocker.message, /none of them begins again\.$/);
    assert.deepEqual(await gate(staging), [false, null, null, "WINDOW_CLOSED"]);
    await promote(dev, { force: true, reason: "It is urgent" });
  });

  it("whose stored rule cannot be evaluated blocks where it applies, and says so", async () => {
    at(START);
    const [here, elsewhere] = [await promotable(), await promotable()];
    const broken = await window({ kind: "ALLOW", scope: here.scope, startTime: "00:00", endTime: "00:00" });
    assert.deepEqual(await codes(here.dev), []);
    await server.app.database.write((tx) =>
      tx.update(DeploymentWindow, { id: broken.id }, { timeZone: "Europe/Atlantis" }),
    );
    const [blocker, ...more] = await blockers(here.dev);
    assert.deepEqual(
      [blocker.code, blocker.remedies, blocker.cause.id, more],
      ["GATE_FAILED", ["FORCE"], broken.id, []],
    );
    assert.match(
      blocker.message,
      /could not be evaluated, so it blocks: timeZone must be the name of an IANA time zone/,
    );
    assert.deepEqual(await refused("promote", { app: here.dev.id }), ["PROMOTION_BLOCKED", "GATE_FAILED"]);
    assert.deepEqual(await codes(elsewhere.dev), []);
    const { deploymentWindow } = await admin.ask(
      "query ($w: ID!) { deploymentWindow(window: $w) { active nextChangeAt problem occurrences { startsAt } } }",
      { w: broken.id },
    );
    assert.deepEqual(
      [deploymentWindow.active, deploymentWindow.nextChangeAt, deploymentWindow.occurrences],
      [false, null, []],
    );
    assert.match(deploymentWindow.problem, /timeZone/);
    // Announcements of others go on.
    const { cursor } = await readLog(admin);
    await window({ scope: elsewhere.scope, startTime: "10:30", endTime: "11:00" });
    at("2030-03-05T10:30:00Z");
    await server.app.tick();
    const types = (await readLog(admin, cursor)).events.map(({ type }) => type);
    assert.ok(types.includes("GATE_CLOSED"));
    await admin.mutate("updateDeploymentWindow", { window: broken.id, timeZone: "UTC" }, "window { problem }");
    assert.deepEqual(await codes(here.dev), []);
  });
});

interface ReadStage {
  readonly gate: { readonly open: boolean };
  readonly couplings: readonly { readonly gate: { readonly open: boolean } }[];
}

describe("the gate of a stage", () => {
  it("is open if that of all its apps is, at the same number of statements for one app and for many", async () => {
    at(START);
    const { pipeline, staging, scope } = await promotable();
    const query = `query ($pipeline: ID!) { pipeline(pipeline: $pipeline) { stages {
      stage gate { open nextOpensAt blockers { app { id } } } couplings { gate { open } } } } }`;
    await freeze({ scope: { apps: [staging.id] }, endsAt: "2030-03-05T12:00:00Z" });
    const read = async () => {
      const ask = async () => (await admin.ask(query, { pipeline: pipeline.id })).pipeline.stages as ReadStage[];
      const { result: stages, statements } = await leastStatements(server.app, ask);
      return { stages, statements };
    };
    const one = await read();
    for (let index = 0; index < 7; index += 1) await seed.coupled(pipeline, "STAGING");
    const many = await read();
    assert.equal(many.statements, one.statements);
    const [, dev, inStaging, production] = many.stages;
    assert.deepEqual([dev?.gate.open, production?.gate.open], [true, true]);
    assert.deepEqual(inStaging?.gate, {
      open: false,
      nextOpensAt: "2030-03-05T12:00:00.000Z",
      blockers: [{ app: { id: staging.id } }],
    });
    assert.deepEqual(
      inStaging?.couplings.map((coupling) => coupling.gate.open),
      [false, ...Array(7).fill(true)],
    );
    await freeze({ scope });
    assert.equal((await read()).stages[3]?.gate.open, true, "a stage without apps holds nothing back");
  });
});

describe("automatic deploys", () => {
  const followed = async () => {
    const repository = `github.com/tests/${unique("repo")}`;
    const pipeline = await seed.pipeline({ repository });
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const build = () => seed.build({ repository, branch: "main" });
    return { pipeline, dev, build, scope: { pipelines: [pipeline.id] } };
  };
  const explain = async (build: { readonly id: string }) =>
    (await admin.ask("query ($id: ID!) { build(id: $id) { autoDeploys { outcome message } } }", { id: build.id })).build
      .autoDeploys[0];
  const deployed = async (app: Named) => (await buildsOn(admin, app)).length;

  it("wait for the end of a freeze, and then the newest build goes, once", async () => {
    at(START);
    const { dev, build, scope } = await followed();
    await freeze({ scope });
    const [first, second] = [await build(), await build()];
    await server.app.tick();
    assert.equal(await deployed(dev), 0);
    const { outcome, message } = await explain(second);
    assert.equal(outcome, "WAITING");
    assert.match(message, /is frozen until 2030-03-05T14:00:00\.000Z: Incident 7/);
    at("2030-03-05T14:00:00Z");
    await server.app.tick();
    await server.app.tick();
    assert.deepEqual(await buildsOn(admin, dev), [second.id]);
    assert.deepEqual([(await explain(first)).outcome, (await explain(second)).outcome], ["SUPERSEDED", "DEPLOYED"]);
  });

  it("wait for a window, also across a restart, and go by the clock when it opens", async (t) => {
    at("2030-03-05T20:00:00Z");
    const own = await startServer(t, { now: () => new Date(time) });
    const ownSeed = new Seed(own.admin);
    const repository = `github.com/tests/${unique("repo")}`;
    const pipeline = await ownSeed.pipeline({ repository });
    const dev = await ownSeed.coupled(pipeline, "DEVELOPMENT");
    const hours = { name: "hours", kind: "ALLOW", timeZone: "Europe/Berlin", startTime: "09:00", endTime: "17:00" };
    await own.admin.mutate("createDeploymentWindow", hours, "window { id }");
    const { id } = await ownSeed.build({ repository, branch: "main" });
    await own.restart();
    at("2030-03-06T07:59:59Z");
    await own.app.tick();
    assert.deepEqual(await buildsOn(own.admin, dev), []);
    at("2030-03-06T08:00:00Z");
    await own.app.tick();
    assert.deepEqual(await buildsOn(own.admin, dev), [id]);
  });

  it("go after a freeze is lifted, an exemption, and a window that is changed or deleted", async () => {
    at(START);
    const { dev, build, scope } = await followed();
    const opened = async (close: () => Promise<() => Promise<unknown>>) => {
      const open = await close();
      const { id } = await build();
      await server.app.tick();
      assert.notEqual((await buildsOn(admin, dev)).at(-1), id);
      await open();
      await server.app.tick();
      assert.equal((await buildsOn(admin, dev)).at(-1), id);
    };
    await opened(async () => {
      const id = await freeze({ scope, untilLifted: true });
      return () => lift(id);
    });
    await opened(async () => {
      const id = await freeze({ scope, endsAt: "2030-03-05T15:00:00Z" });
      return async () => {
        const expiresAt = "2030-03-05T16:00:00Z";
        await admin.mutate("exemptFromFreeze", { freeze: id, app: dev.id, reason: "x", expiresAt }, "freeze { id }");
      };
    });
    const denied = await window({ scope });
    await admin.mutate("deleteDeploymentWindow", { window: denied.id }, "deletedWindowId");
    await opened(async () => {
      const { id } = await window({ scope });
      return () => admin.mutate("updateDeploymentWindow", { window: id, endTime: "09:30" }, "window { id }");
    });
    await opened(async () => {
      const { id } = await window({ scope });
      return () => admin.mutate("deleteDeploymentWindow", { window: id }, "deletedWindowId");
    });
  });

  it("that waited do not go to an app that has stopped following the branch, nor past a rollback", async () => {
    at(START);
    const { dev, build, scope } = await followed();
    const [first] = [await build(), await build()];
    const id = await freeze({ scope, untilLifted: true });
    await build();
    await operator.mutate("rollback", { app: dev.id }, "release { id }");
    await lift(id);
    await server.app.tick();
    assert.equal((await buildsOn(admin, dev)).at(-1), first.id);
    const other = await followed();
    const again = await freeze({ scope: other.scope, untilLifted: true });
    await other.build();
    await admin.mutate("setAutoDeploy", { coupling: other.dev.couplingId, autoDeploy: false }, "coupling { id }");
    await lift(again);
    await server.app.tick();
    assert.equal(await deployed(other.dev), 0);
  });
});

describe("promotions that wait", () => {
  const wait = async (app: Named): Promise<string> => {
    const { promotion } = await admin.mutate("promote", { app: app.id, whenReady: true }, "promotion { id phase }");
    assert.equal(promotion.phase, "WAITING");
    return promotion.id;
  };
  const phase = async (id: string) =>
    (await admin.ask("query ($id: ID!) { promotion(id: $id) { phase } }", { id })).promotion.phase;

  it("go with the change that opens the last gate, in its transaction", async () => {
    at(START);
    const opened = async (
      close: (scope: object) => Promise<string>,
      open: (id: string, build: string) => Promise<unknown>,
    ) => {
      const { dev, build, scope } = await promotable();
      const id = await close(scope);
      const promotion = await wait(dev);
      const { cursor } = await readLog(admin);
      await open(id, build.id);
      assert.equal(await phase(promotion), "SUCCEEDED");
      const { events } = await readLog(admin, cursor);
      assert.match(events[0]?.type ?? "", /^(FREEZE|WINDOW)_/);
      assert.ok(events.some((event) => event.promotion?.id === promotion));
    };
    const forever = (scope: object) => freeze({ scope, untilLifted: true });
    await opened(forever, lift);
    await opened(forever, (id, build) =>
      admin.mutate(
        "exemptFromFreeze",
        { freeze: id, build, reason: "x", expiresAt: "2030-03-05T16:00:00Z" },
        "freeze { id }",
      ),
    );
    const closed = async (scope: object) => (await window({ scope })).id;
    await opened(closed, (id) =>
      admin.mutate("updateDeploymentWindow", { window: id, startTime: "12:00" }, "window { id }"),
    );
    await opened(closed, (id) => admin.mutate("deleteDeploymentWindow", { window: id }, "deletedWindowId"));
    const outside = async (scope: object) =>
      (await window({ scope, kind: "ALLOW", startTime: "12:00", endTime: "13:00" })).id;
    await opened(outside, async (id) => {
      const scope = (
        await admin.ask("query ($w: ID!) { deploymentWindow(window: $w) { scope { pipelines { id } } } }", { w: id })
      ).deploymentWindow.scope.pipelines.map((one: Named) => one.id);
      await window({ scope: { pipelines: scope }, kind: "ALLOW" });
    });
  });

  it("go by the clock at the next opening, and not at the end of one gate of two", async () => {
    at(START);
    const { dev, scope } = await promotable();
    await freeze({ scope, endsAt: "2030-03-05T11:00:00Z" });
    await window({ scope, startTime: "10:00", endTime: "12:00" });
    const promotion = await wait(dev);
    at("2030-03-05T11:00:00Z");
    await server.app.tick();
    assert.equal(await phase(promotion), "WAITING");
    at("2030-03-05T12:00:00Z");
    await server.app.tick();
    assert.equal(await phase(promotion), "SUCCEEDED");
  });

  it("go in the order in which they were asked for, also if there are too many for one transaction", async () => {
    at(START);
    const { pipelines, ids } = { pipelines: [] as string[], ids: [] as string[] };
    const devs: Named[] = [];
    for (let index = 0; index < 14; index += 1) {
      const { dev, pipeline } = await promotable();
      pipelines.push(pipeline.id);
      devs.push(dev);
    }
    const freezeId = await freeze({ scope: { pipelines }, untilLifted: true });
    for (const dev of devs) ids.push(await wait(dev));
    const { cursor } = await readLog(admin);
    await lift(freezeId);
    await server.app.tick();
    const { events } = await readLog(admin, cursor);
    const started = events.filter(({ type }) => type === "PROMOTION_STARTED").map((event) => event.promotion?.id);
    assert.deepEqual(started, ids);
  });

  it("stay where a change opens another place only", async () => {
    at(START);
    const [here, elsewhere] = [await promotable(), await promotable()];
    await freeze({ scope: here.scope, untilLifted: true });
    const other = await freeze({ scope: elsewhere.scope, untilLifted: true });
    const promotion = await wait(here.dev);
    await lift(other);
    await server.app.tick();
    assert.equal(await phase(promotion), "WAITING");
  });
});

describe("the plan, the promotion and the gate", () => {
  /** 2030-03-29: the clock of Berlin is set forward two days later. */
  const EPOCH = Date.parse("2030-03-29T00:00:00Z");
  const hour = fc.integer({ min: 0, max: 23 }).map((one) => `${`${one}`.padStart(2, "0")}:30`);
  const arbitraryWindow = fc.record({
    kind: fc.constantFrom("ALLOW", "DENY"),
    timeZone: fc.constantFrom("Europe/Berlin", "America/New_York"),
    startTime: hour,
    endTime: hour,
    recurrence: fc.constantFrom(null, "FREQ=WEEKLY;BYDAY=MO,FR,SU", "FREQ=DAILY;INTERVAL=2"),
    onApp: fc.boolean(),
  });
  const arbitraryFreeze = fc.record({
    starts: fc.integer({ min: 0, max: 72 }),
    hours: fc.option(fc.integer({ min: 1, max: 48 })),
    hard: fc.boolean(),
    exempt: fc.constantFrom(null, "build", "app"),
    onApp: fc.boolean(),
  });
  const arbitrary = fc.record({
    windows: fc.array(arbitraryWindow, { maxLength: 3 }),
    freezes: fc.array(arbitraryFreeze, { maxLength: 2 }),
    minutes: fc.array(fc.integer({ min: 0, max: 6 * 24 * 60 }), { minLength: 2, maxLength: 4 }),
    force: fc.boolean(),
  });

  it("agree at every time, for any windows, freezes and exemptions", async () => {
    await fc.assert(
      fc.asyncProperty(arbitrary, async ({ windows, freezes, minutes, force }) => {
        time = EPOCH;
        const { pipeline, dev, staging, build, scope } = await promotable();
        await seed.coupled(pipeline, "STAGING");
        const place = (onApp: boolean) => (onApp ? { apps: [staging.id] } : scope);
        for (const { onApp, ...input } of windows) {
          await window({ ...input, scope: place(onApp), startDate: "2030-03-28" });
        }
        const from = (hours: number) => new Date(EPOCH + hours * HOUR).toISOString();
        for (const { starts, hours, hard, exempt, onApp } of freezes) {
          const end = hours === null ? { untilLifted: true } : { endsAt: from(starts + hours) };
          const id = await freeze({ scope: place(onApp), startsAt: from(starts), ...end, hard });
          if (exempt === null) continue;
          const what = exempt === "app" ? { app: staging.id } : { build: build.id };
          const input = { freeze: id, ...what, reason: "x", expiresAt: from(starts + 20) };
          await admin.mutate("exemptFromFreeze", input, "freeze { id }");
        }
        const input = { app: dev.id, ...(force && { force, reason: "For a test" }) };
        const plan = async () =>
          (
            await admin.ask(
              `query ($input: PromoteInput!) { promotionPlan(input: $input) { blockers { code message app { id } clearsAt } } }`,
              { input },
            )
          ).promotionPlan.blockers as { code: string; message: string; app: Named }[];
        const isOpen = async () => (await gate(staging))[0];
        for (const minute of [...minutes].sort((a, b) => a - b)) {
          time = EPOCH + minute * 60_000;
          const planned = await plan();
          const answer = await admin.post(
            "mutation ($input: PromoteInput!) { promote(input: $input) { promotion { id } } }",
            { input },
          );
          const refusedBy = (answer.errors?.[0]?.extensions.blockers ?? []) as { message: string; clearsAt: string }[];
          assert.deepEqual(
            refusedBy.map(({ message, clearsAt }) => [message, clearsAt]),
            planned.map((one) => [one.message, (one as unknown as { clearsAt: string }).clearsAt]),
          );
          assert.equal(answer.errors === undefined, planned.length === 0);
          const [open, opens, closes] = await gate(staging);
          const exempts = freezes.some(({ exempt }) => exempt === "build");
          const held = planned.some(({ app }) => app.id === staging.id);
          if (!force && !exempts) assert.equal(open, !held);
          const change = (open ? closes : opens) as string | null;
          if (change === null) continue;
          time = Date.parse(change) - 1;
          assert.equal(await isOpen(), open, `just before ${change}`);
          time = Date.parse(change);
          assert.equal(await isOpen(), !open, `at ${change}`);
        }
      }),
      { numRuns: 12 },
    );
  });
});
