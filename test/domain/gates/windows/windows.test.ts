import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { Client } from "../../../support/clients/client.js";
import { createScopedToken } from "../../../support/data/pipeline-fixture.js";
import { Seed, unique } from "../../../support/data/seed.js";
import { HOUR, MINUTE } from "../../../support/service/clock.js";
import { readLog } from "../../../support/service/instances.js";
import { startServer } from "../../../support/service/server.js";

const server = await startServer({ after });
const { admin } = server;
const operator = await server.as("OPERATOR");
const seed = new Seed(admin);

const WINDOW = "window { id name kind timeZone recurrence startDate endDate startTime endTime message }";
const NIGHTS = { kind: "DENY", timeZone: "Europe/Berlin", startTime: "22:00", endTime: "06:00" };

const create = async (input: object = {}, client = operator) =>
  (await client.mutate("createDeploymentWindow", { name: unique("window"), ...NIGHTS, ...input }, WINDOW)).window;

describe("deployment windows", () => {
  it("are created, found by id and name, updated and deleted", async () => {
    const pipeline = await seed.pipeline();
    const window = await create({
      scope: { pipelines: [pipeline.name], stages: ["PRODUCTION", "STAGING"] },
      recurrence: "FREQ=WEEKLY;BYDAY=FR",
      message: "Not on Friday nights",
    });
    const query = `query ($window: ID!) { deploymentWindow(window: $window) {
      id active nextChangeAt scope { pipelines { name } stages apps { name } } occurrences(first: 2) { startsAt endsAt } } }`;
    for (const reference of [window.id, window.name]) {
      const { deploymentWindow } = await admin.ask(query, { window: reference });
      assert.equal(deploymentWindow.id, window.id);
      assert.deepEqual(deploymentWindow.scope, {
        pipelines: [{ name: pipeline.name }],
        stages: ["STAGING", "PRODUCTION"],
        apps: [],
      });
      const [first, second] = deploymentWindow.occurrences;
      assert.equal(Date.parse(second.startsAt) - Date.parse(first.startsAt), 7 * 24 * HOUR);
      assert.equal(Date.parse(first.endsAt) - Date.parse(first.startsAt), 8 * HOUR);
      assert.equal(deploymentWindow.nextChangeAt, deploymentWindow.active ? first.endsAt : first.startsAt);
    }
    const changed = { window: window.id, name: unique("window"), recurrence: null, message: null };
    const updated = (await operator.mutate("updateDeploymentWindow", changed, WINDOW)).window;
    assert.deepEqual(updated, { ...window, name: changed.name, recurrence: null, message: null });
    await admin.mutate("deleteDeploymentWindow", { window: changed.name }, "deletedWindowId");
    assert.equal((await admin.ask(query, { window: window.id })).deploymentWindow, null);
    const repeated = await admin.mutationError("deleteDeploymentWindow", { window: window.id });
    assert.equal(repeated.extensions.code, "NOT_FOUND");
    const { events } = await readLog(admin);
    const mine = events.filter(({ subjectId }) => subjectId === window.id);
    assert.deepEqual(
      mine.map(({ type }) => type),
      ["WINDOW_CREATED", "WINDOW_UPDATED", "WINDOW_DELETED"],
    );
    assert.match(mine[1]?.summary ?? "", /every day.*before: .*FREQ=WEEKLY;BYDAY=FR/);
  });

  it("are refused with the field if they cannot be evaluated, and then nothing is stored", async () => {
    const name = unique("window");
    const refused = async (input: object) => {
      const { extensions } = await operator.mutationError("createDeploymentWindow", { name, ...NIGHTS, ...input });
      return `${extensions.code} ${extensions.field}`;
    };
    assert.equal(await refused({ timeZone: "Europe/Atlantis" }), "BAD_USER_INPUT timeZone");
    assert.equal(await refused({ recurrence: "FREQ=HOURLY" }), "BAD_USER_INPUT recurrence");
    assert.equal(await refused({ recurrence: "FREQ=DAILY;UNTIL=20200101" }), "BAD_USER_INPUT recurrence");
    assert.equal(await refused({ startTime: "25:00" }), "BAD_USER_INPUT startTime");
    assert.equal(await refused({ endDate: "2020-01-01" }), "BAD_USER_INPUT endDate");
    assert.equal(await refused({ scope: { pipelines: ["none"] } }), "NOT_FOUND scope.pipelines.0");
    assert.equal(
      (await admin.ask("query ($w: ID!) { deploymentWindow(window: $w) { id } }", { w: name })).deploymentWindow,
      null,
    );
    const taken = await create();
    assert.equal(
      (await operator.mutationError("createDeploymentWindow", { ...NIGHTS, name: taken.name })).extensions.code,
      "CONFLICT",
    );
  });

  it("are tightened by an operator and loosened by an administrator only", async () => {
    const shop = await seed.pipeline();
    const blog = await seed.pipeline();
    const window = await create({ scope: { pipelines: [shop.id] }, endDate: "2099-01-01" });
    const update = (input: object) => ({ window: window.id, ...input });
    const tighter = [
      { endTime: "07:00" },
      { startTime: "21:00" },
      { endDate: null },
      { scope: { pipelines: [shop.id, blog.id] } },
      { message: "At night" },
    ];
    for (const change of tighter) await operator.mutate("updateDeploymentWindow", update(change), WINDOW);
    const looser = [
      { endTime: "05:00" },
      { startTime: "23:00" },
      { endDate: "2098-01-01" },
      { kind: "ALLOW" },
      { timeZone: "UTC" },
      { recurrence: "FREQ=WEEKLY;BYDAY=FR" },
      { scope: { pipelines: [shop.id] } },
      { scope: { pipelines: [shop.id, blog.id], stages: ["PRODUCTION"] } },
    ];
    for (const change of looser) {
      const { extensions, message } = await operator.mutationError("updateDeploymentWindow", update(change));
      assert.equal(extensions.code, "FORBIDDEN", JSON.stringify(change));
      assert.match(message, /loosenDeploymentWindow requires the ADMIN role/);
    }
    for (const change of looser) await admin.mutate("updateDeploymentWindow", update(change), WINDOW);
    assert.equal(
      (await operator.mutationError("deleteDeploymentWindow", { window: window.id })).extensions.code,
      "FORBIDDEN",
    );
    // There is an ALLOW window now, so another one adds times.
    const more = { name: unique("window"), ...NIGHTS, kind: "ALLOW" };
    assert.equal((await operator.mutationError("createDeploymentWindow", more)).extensions.code, "FORBIDDEN");
    await admin.mutate("deleteDeploymentWindow", { window: window.id }, "deletedWindowId");
  });

  it("of elsewhere are invisible to a token that is restricted to pipelines, and so are their events", async () => {
    const mine = await seed.pipeline();
    const other = await seed.pipeline();
    const otherApp = await seed.coupled(other, "PRODUCTION");
    const client = await createScopedToken(server, "OPERATOR", [mine]);
    const both = await create({ scope: { pipelines: [mine.id, other.id] } });
    const theirs = await create({ scope: { pipelines: [other.id] } });
    const ofApp = await create({ scope: { apps: [otherApp.id] } });
    const everywhere = await create({ recurrence: "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24" });
    const seen = (await client.ask("{ deploymentWindows(first: 100) { nodes { id scope { pipelines { id } } } } }"))
      .deploymentWindows.nodes;
    const ids = seen.map(({ id }: { id: string }) => id);
    assert.deepEqual(
      [both, everywhere, theirs, ofApp].map(({ id }) => ids.includes(id)),
      [true, true, false, false],
    );
    assert.deepEqual(seen.find(({ id }: { id: string }) => id === both.id).scope.pipelines, [{ id: mine.id }]);
    const subjects = new Set((await readLog(client)).events.map(({ subjectId }) => subjectId));
    assert.deepEqual(
      [both, everywhere, theirs, ofApp].map(({ id }) => subjects.has(id)),
      [true, true, false, false],
    );
    const refused = async (mutation: string, input: object) =>
      (await client.mutationError(mutation, input)).extensions.code;
    const input = { name: unique("window"), ...NIGHTS };
    assert.equal(await refused("createDeploymentWindow", input), "BAD_USER_INPUT");
    assert.equal(await refused("createDeploymentWindow", { ...input, scope: { pipelines: [other.id] } }), "NOT_FOUND");
    assert.equal(await refused("updateDeploymentWindow", { window: theirs.id, endTime: "07:00" }), "NOT_FOUND");
    assert.equal(await refused("updateDeploymentWindow", { window: both.id, endTime: "07:00" }), "FORBIDDEN");
    await client.mutate("createDeploymentWindow", { ...input, scope: { pipelines: [mine.id] } }, WINDOW);
  });

  it("end with the last pipeline or app of their scope, and never apply to more", async () => {
    const [first, second] = [await seed.pipeline(), await seed.pipeline()];
    const app = await seed.app();
    const both = await create({ scope: { pipelines: [first.id, second.id] } });
    const one = await create({ scope: { pipelines: [first.id], stages: ["PRODUCTION"] } });
    const ofApp = await create({ scope: { apps: [app.id] } });
    await admin.mutate("deletePipeline", { pipeline: first.id }, "deletedPipelineId");
    await admin.mutate("deleteApp", { app: app.id }, "deletedAppId");
    const left = async (id: string) =>
      (await admin.ask("query ($w: ID!) { deploymentWindow(window: $w) { scope { pipelines { id } } } }", { w: id }))
        .deploymentWindow;
    assert.deepEqual(await left(both.id), { scope: { pipelines: [{ id: second.id }] } });
    assert.deepEqual([await left(one.id), await left(ofApp.id)], [null, null]);
  });
});

describe("the announcement of windows and freezes", () => {
  it("comes once when time opens or closes the gate", async (t) => {
    let time = Date.parse("2030-03-05T10:00:00Z");
    const timed = await startServer(t, { now: () => new Date(time) });
    const input = { name: "hours", kind: "ALLOW", timeZone: "UTC", startTime: "09:00", endTime: "17:00" };
    await timed.admin.mutate("createDeploymentWindow", input, WINDOW);
    await timed.admin.mutate("startFreeze", { reason: "Later", startsAt: "2030-03-05T18:00:00Z" }, "freeze { id }");
    const announced = async (at: string) => {
      const { cursor } = await readLog(timed.admin);
      time = Date.parse(at);
      await timed.app.tick();
      await timed.app.tick();
      return (await readLog(timed.admin, cursor)).events.map(({ type, summary }) => `${type}: ${summary}`);
    };
    assert.deepEqual(await announced("2030-03-05T16:59:59Z"), []);
    assert.deepEqual(await announced("2030-03-05T17:00:00Z"), ["GATE_CLOSED: Window hours ended"]);
    assert.deepEqual(await announced("2030-03-05T18:00:00Z"), ["GATE_CLOSED: Deployments stopped: Later"]);
    assert.deepEqual(await announced("2030-03-06T09:00:30Z"), [
      "GATE_OPENED: Window hours began",
      "FREEZE_ENDED: Freeze ended: Later",
      "GATE_OPENED: Freeze ended: Later",
    ]);
  });
});

describe("freezes", () => {
  const start = async (input: object = {}, client = operator) =>
    (
      await client.mutate(
        "startFreeze",
        { reason: "Incident 7", ...input },
        "freeze { id startsAt endsAt active startedBy { role } }",
      )
    ).freeze;

  it("last 4 hours unless something else is said", async () => {
    const length = ({ startsAt, endsAt }: { startsAt: string; endsAt: string }) =>
      Date.parse(endsAt) - Date.parse(startsAt);
    const freeze = await start();
    assert.deepEqual([length(freeze), freeze.active, freeze.startedBy.role], [4 * HOUR, true, "OPERATOR"]);
    assert.equal((await start({ untilLifted: true })).endsAt, null);
    const begin = Date.now() + 10 * MINUTE;
    const later = new Date(begin).toISOString();
    const planned = await start({ startsAt: later, endsAt: new Date(begin + HOUR).toISOString() });
    assert.deepEqual([length(planned), planned.active], [HOUR, false]);
    const refused = async (input: object) =>
      (await operator.mutationError("startFreeze", { reason: "x", ...input })).extensions.field;
    assert.equal(await refused({ reason: " " }), "reason");
    assert.equal(await refused({ endsAt: "2020-01-01T00:00:00Z" }), "endsAt");
    assert.equal(await refused({ endsAt: "2120-01-01T00:00:00Z" }), "endsAt");
    assert.equal(await refused({ startsAt: "2020-01-01T00:00:00Z" }), "startsAt");
    assert.equal(await refused({ endsAt: later, untilLifted: true }), "endsAt");
    assert.equal(await refused({ incidentUrl: "javascript:alert(1)" }), "incidentUrl");
  });

  it("are lifted, or shortened, by who started them or by an administrator", async () => {
    const { secret } = await admin.mutate("createToken", { name: "another operator", role: "OPERATOR" }, "secret");
    const other = new Client(server.url, secret);
    const freeze = await start();
    const lift = { freeze: freeze.id, reason: "Fixed" };
    assert.equal((await other.mutationError("liftFreeze", lift)).extensions.code, "FORBIDDEN");
    const sooner = { freeze: freeze.id, endsAt: new Date(Date.now() + 5 * MINUTE).toISOString() };
    assert.equal((await other.mutationError("extendFreeze", sooner)).extensions.code, "FORBIDDEN");
    await other.mutate("extendFreeze", { freeze: freeze.id, untilLifted: true }, "freeze { id }");
    await operator.mutate("extendFreeze", sooner, "freeze { id }");
    const { freeze: lifted } = await operator.mutate(
      "liftFreeze",
      lift,
      "freeze { active liftedAt liftReason liftedBy { role } }",
    );
    assert.deepEqual([lifted.active, lifted.liftReason, lifted.liftedBy.role], [false, "Fixed", "OPERATOR"]);
    assert.deepEqual(
      (await operator.mutate("liftFreeze", lift, "freeze { liftedAt }")).freeze.liftedAt,
      lifted.liftedAt,
    );
    assert.equal((await operator.mutationError("extendFreeze", sooner)).extensions.code, "CONFLICT");
    const theirs = await start();
    await admin.mutate("liftFreeze", { freeze: theirs.id, reason: "Over" }, "freeze { id }");
  });

  it("let through what an administrator exempts", async () => {
    const freeze = await start();
    const app = await seed.app();
    const build = await seed.build();
    const expiresAt = new Date(Date.now() + HOUR).toISOString();
    const exempt = { freeze: freeze.id, build: build.id, reason: "The fix", expiresAt };
    assert.equal((await operator.mutationError("exemptFromFreeze", exempt)).extensions.code, "FORBIDDEN");
    const both = await admin.mutationError("exemptFromFreeze", { ...exempt, app: app.id });
    assert.equal(both.extensions.field, "build");
    await admin.mutate("exemptFromFreeze", exempt, "freeze { id }");
    const selection = "freeze { exemptions { build { id } app { name } reason by { role } } }";
    const { freeze: after } = await admin.mutate(
      "exemptFromFreeze",
      { ...exempt, build: null, app: app.name },
      selection,
    );
    assert.deepEqual(after.exemptions, [
      { build: { id: build.id }, app: null, reason: "The fix", by: { role: "ADMIN" } },
      { build: null, app: { name: app.name }, reason: "The fix", by: { role: "ADMIN" } },
    ]);
  });

  it("are listed newest first, those in force with active", async () => {
    const freeze = await start();
    const list = async (active: boolean | null) =>
      (
        await admin.ask("query ($active: Boolean) { freezes(active: $active, first: 100) { nodes { id } } }", {
          active,
        })
      ).freezes.nodes.map(({ id }: { id: string }) => id);
    assert.equal((await list(null))[0], freeze.id);
    assert.ok((await list(true)).includes(freeze.id));
    await operator.mutate("liftFreeze", { freeze: freeze.id, reason: "Over" }, "freeze { id }");
    assert.deepEqual([(await list(true)).includes(freeze.id), (await list(false)).includes(freeze.id)], [false, true]);
  });
});
