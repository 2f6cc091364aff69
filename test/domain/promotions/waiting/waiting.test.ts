import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import sql, { raw, type Sql } from "sql-template-tag";
import { ANY_COLUMNS } from "../../../../src/database/rows/raw-rows.js";
import { newId } from "../../../../src/domain/core/values/id.js";
import { nextPositions } from "../../../../src/domain/core/values/position.js";
import { explainWaiting } from "../../../../src/domain/promotions/waiting/explain-waiting.js";
import { Promotion } from "../../../../src/entities/releases/promotion.js";
import { Client } from "../../../support/clients/client.js";
import { type Named, Seed, unique } from "../../../support/data/seed.js";
import { Issuer } from "../../../support/network/oidc-issuer.js";
import { Clock, HOUR, MINUTE } from "../../../support/service/clock.js";
import { readLog } from "../../../support/service/instances.js";
import { startServer } from "../../../support/service/server.js";

const clock = new Clock();
const issuer = await Issuer.start({ after });
const server = await startServer(
  { after },
  { now: clock.now, env: { OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: "railyard", OIDC_ROLES: "dev=OPERATOR" } },
);
const { admin } = server;
const seed = new Seed(admin);

const PROMOTION = `promotion { id }`;
const DETAILS = `phase forced notBefore expiresAt clearsAt endReason endedBy { name } supersededBy { id } createdBy { name }
  blockers { code remedies clearsAt app { name } } forcedPast { code }
  targets { phase failureReason app { name } release { id version createdBy { name } } checks { context passed } }`;

const promote = async (input: object, client = admin): Promise<string> =>
  (await client.mutate("promote", { whenReady: true, ...input }, PROMOTION)).promotion.id;
const read = async (id: string) =>
  (await admin.ask(`query ($id: ID!) { promotion(id: $id) { ${DETAILS} } }`, { id })).promotion;
const readPhase = async (id: string) => (await read(id)).phase;
const report = (subject: object, context: string, state: string) =>
  admin.mutate("reportStatus", { ...subject, context, state }, "status { id }");
const cancel = (promotion: string, reason = "Not needed") =>
  admin.mutate("cancelPromotion", { promotion, reason }, "promotion { phase }");
const readEvents = async (id: string) =>
  (await readLog(admin)).events.filter(({ promotion }) => promotion?.id === id).map(({ type }) => type);

/** A pipeline whose staging app requires `ci`, and a release on its development app. */
async function gated(checks: string[] = ["ci"], deploymentMode = "IMMEDIATE") {
  const pipeline = await seed.pipeline();
  const dev = await seed.coupled(pipeline, "DEVELOPMENT", { autoDeploy: false });
  const staging = await seed.coupled(pipeline, "STAGING", { requiredChecks: checks, deploymentMode });
  const build = await seed.build();
  const release = await seed.release(dev, build);
  return { pipeline, dev, staging, build, release };
}

const database = () => server.app.database;

/** Adds copies of a promotion that waits, without targets. */
async function addWaiting(id: string, count: number): Promise<void> {
  await database().write(async (tx) => {
    const model = await tx.first(Promotion, { id });
    const positions = await nextPositions(tx, "promotions", count);
    const copies = Array.from({ length: count }, (_, index) =>
      Object.assign(new Promotion(), model, {
        id: newId(),
        position: positions[index] as number,
        createdByName: "copy",
      }),
    );
    await tx.insert(Promotion, copies);
  });
}

/** How the engine runs a statement. */
async function explain(statement: Sql): Promise<string> {
  const { reader } = database();
  if (reader.dialect.concurrent) await database().write((tx) => tx.execute("analyze", sql`ANALYZE promotions`));
  const verb = raw(reader.dialect.concurrent ? "EXPLAIN" : "EXPLAIN QUERY PLAN");
  return JSON.stringify(await reader.query("explain", ANY_COLUMNS, sql`${verb} ${statement}`));
}

/** A client with a token of its own. */
async function token(role: string, input: object = {}): Promise<{ client: Client; id: string; name: string }> {
  const name = `a token ${role} ${Math.random()}`;
  const { createToken } = await admin.ask(
    "mutation ($input: CreateTokenInput!) { createToken(input: $input) { secret token { id } } }",
    { input: { name, role, ...input } },
  );
  return { client: new Client(server.url, createToken.secret), id: createToken.token.id, name };
}

describe("a promotion with whenReady", () => {
  it("goes at once if nothing blocks it", async () => {
    const { dev } = await gated([]);
    assert.equal(await readPhase(await promote({ app: dev.id })), "SUCCEEDED");
  });

  it("waits for a check, and the report that clears it admits it", async () => {
    const { dev, staging, release } = await gated(["ci", "qa"]);
    await report({ release: release.id }, "ci", "SUCCESS");
    const id = await promote({ app: dev.id });
    const waiting = await read(id);
    assert.equal(waiting.phase, "WAITING");
    assert.equal(waiting.expiresAt, new Date(clock.now().getTime() + 72 * HOUR).toISOString());
    assert.deepEqual(waiting.blockers, [
      { code: "CHECK_MISSING", remedies: ["REPORT_STATUS", "FORCE"], clearsAt: null, app: { name: staging.name } },
    ]);
    const [target] = waiting.targets;
    assert.deepEqual([target.phase, target.release, target.failureReason], ["WAITING", null, null]);
    await report({ release: release.id }, "qa", "FAILURE");
    assert.equal(await readPhase(id), "WAITING", "a rerun may pass");
    await report({ release: release.id }, "qa", "SUCCESS");
    const admitted = await read(id);
    assert.equal(admitted.phase, "SUCCEEDED");
    assert.deepEqual(admitted.blockers, []);
    assert.deepEqual([admitted.targets[0].phase, admitted.targets[0].release.version], ["SUCCEEDED", 1]);
    assert.deepEqual(admitted.targets[0].checks, [
      { context: "ci", passed: true },
      { context: "qa", passed: true },
    ]);
    assert.deepEqual(await readEvents(id), [
      ...["PROMOTION_WAITING", "PROMOTION_TARGET_CHANGED"],
      ...["PROMOTION_STARTED", "PROMOTION_TARGET_CHANGED", "PROMOTION_FINISHED"],
    ]);
  });

  it("is admitted by a status of the build, by a laxer list of checks, and by a policy", async () => {
    const { dev, build, staging, pipeline } = await gated();
    const first = await promote({ app: dev.id });
    await report({ build: build.id }, "ci", "SUCCESS");
    assert.equal(await readPhase(first), "SUCCEEDED");
    await report({ build: build.id }, "ci", "PENDING");
    const second = await promote({ app: dev.id });
    await admin.mutate("updateChecks", { coupling: staging.couplingId, requiredChecks: [] }, "coupling { id }");
    assert.equal(await readPhase(second), "SUCCEEDED");
    await admin.mutate(
      "updateStagePolicy",
      { pipeline: pipeline.id, stage: "STAGING", soakTime: "2h" },
      "policy { stage }",
    );
    const third = await promote({ app: dev.id });
    const { phase, clearsAt, blockers } = await read(third);
    assert.deepEqual([phase, blockers[0].code], ["WAITING", "SOAKING"]);
    assert.equal(clearsAt, new Date(clock.now().getTime() + 2 * HOUR).toISOString());
    await admin.mutate(
      "updateStagePolicy",
      { pipeline: pipeline.id, stage: "STAGING", soakTime: null },
      "policy { stage }",
    );
    assert.equal(await readPhase(third), "SUCCEEDED");
  });

  it("is never shown as free to go to a reader that cannot see what it waits for", async () => {
    const { dev } = await gated();
    const id = await promote({ app: dev.id });
    const promotion = (await database().reader.first(Promotion, { id })) as Promotion;
    const [blockers = []] = await explainWaiting(database().reader.limitedTo([]), [promotion], clock.now());
    assert.deepEqual(
      blockers.map(({ code }) => code),
      ["GATE_FAILED"],
    );
  });

  it("waits for a freeze, and goes soon after it is lifted", async () => {
    const { pipeline, dev } = await gated([]);
    const scope = { pipelines: [pipeline.id] };
    const { startFreeze } = await admin.ask(
      "mutation ($input: StartFreezeInput!) { startFreeze(input: $input) { freeze { id } } }",
      { input: { reason: "An incident", scope } },
    );
    const id = await promote({ app: dev.id });
    assert.deepEqual(
      (await read(id)).blockers.map(({ code }: { code: string }) => code),
      ["FROZEN"],
    );
    await admin.mutate("liftFreeze", { freeze: startFreeze.freeze.id, reason: "It is over" }, "freeze { id }");
    await server.app.tick();
    assert.equal(await readPhase(id), "SUCCEEDED");
  });

  it("waits for a deployment of the source, and ends if that fails", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT", { deploymentMode: "REPORTED", autoDeploy: false });
    await seed.coupled(pipeline, "STAGING");
    const outcomes = [];
    for (const phase of ["SUCCEEDED", "FAILED"]) {
      const release = await seed.release(dev);
      const id = await promote({ app: dev.id, release: release.id });
      assert.deepEqual((await read(id)).blockers[0].remedies, ["DEPLOY"]);
      await admin.mutate("reportDeployment", { release: release.id, phase }, "release { id }");
      const ended = await read(id);
      outcomes.push([ended.phase, ended.endedBy?.name ?? null, ended.endReason]);
    }
    const reason = `v2 of ${dev.name} is FAILED; only a release that SUCCEEDED can be promoted.`;
    assert.deepEqual(outcomes, [
      ["SUCCEEDED", null, null],
      ["CANCELLED", "railyard", reason],
    ]);
  });

  it("is refused if something blocks it that only force can clear, or nothing", async () => {
    const { pipeline, dev } = await gated();
    await admin.mutate(
      "updatePipeline",
      { pipeline: pipeline.id, repository: "github.com/acme/else" },
      "pipeline { id }",
    );
    const { extensions } = await admin.mutationError("promote", { app: dev.id, whenReady: true });
    assert.equal(extensions.code, "PROMOTION_BLOCKED");
    const empty = await seed.pipeline();
    const lone = await seed.coupled(empty, "DEVELOPMENT");
    await seed.release(lone);
    assert.equal(
      (await admin.mutationError("promote", { app: lone.id, whenReady: true })).extensions.code,
      "PROMOTION_BLOCKED",
    );
  });

  it("keeps what force went past, and waits for the rest", async () => {
    const { dev } = await gated();
    const at = new Date(clock.now().getTime() + HOUR).toISOString();
    const id = await promote({ app: dev.id, force: true, reason: "Tonight", notBefore: at });
    assert.deepEqual((await read(id)).blockers, [{ code: "NOT_BEFORE", remedies: ["WAIT"], clearsAt: at, app: null }]);
    clock.advance(HOUR);
    await server.app.tick();
    const { phase, forcedPast } = await read(id);
    assert.deepEqual([phase, forcedPast], ["SUCCEEDED", [{ code: "CHECK_MISSING" }]]);
  });
});

describe("the clock", () => {
  it("admits at notBefore, not earlier, as the one who asked", async () => {
    const { dev } = await gated([]);
    const { client, name } = await token("OPERATOR");
    const at = new Date(clock.now().getTime() + 8 * HOUR).toISOString();
    const id = await promote({ app: dev.id, whenReady: false, notBefore: at }, client);
    clock.advance(8 * HOUR - 1);
    await server.app.tick();
    assert.equal(await readPhase(id), "WAITING");
    clock.advance(1);
    await server.app.tick();
    const { phase, targets, createdBy } = await read(id);
    assert.deepEqual([phase, targets[0].release.createdBy.name, createdBy.name], ["SUCCEEDED", name, name]);
  });

  it("ends what has waited for too long, counted from notBefore", async () => {
    const { dev, release } = await gated();
    const at = new Date(clock.now().getTime() + HOUR).toISOString();
    const id = await promote({ app: dev.id, notBefore: at, expiresIn: "10m" });
    clock.advance(HOUR + 10 * MINUTE - 1);
    await server.app.tick();
    assert.equal(await readPhase(id), "WAITING");
    clock.advance(1);
    await server.app.tick();
    const expired = await read(id);
    assert.deepEqual([expired.phase, expired.targets[0].phase, expired.clearsAt], ["EXPIRED", "CANCELLED", null]);
    await report({ release: release.id }, "ci", "SUCCESS");
    assert.equal(await readPhase(id), "EXPIRED");
    assert.deepEqual((await readEvents(id)).slice(-2), ["PROMOTION_TARGET_CHANGED", "PROMOTION_FINISHED"]);
  });

  it("does not admit what has expired, even if a report clears it before the clock has looked", async () => {
    const { dev, release } = await gated();
    const id = await promote({ app: dev.id, expiresIn: "1m" });
    clock.advance(MINUTE);
    await report({ release: release.id }, "ci", "SUCCESS");
    assert.equal(await readPhase(id), "EXPIRED");
  });

  it("admits in the order in which they came", async () => {
    const at = new Date(clock.now().getTime() + HOUR).toISOString();
    const ids: string[] = [];
    for (let index = 0; index < 12; index += 1)
      ids.push(await promote({ app: (await gated([])).dev.id, notBefore: at }));
    clock.advance(HOUR);
    await server.app.tick();
    const events = (await readLog(admin)).events.filter(({ type }) => type === "PROMOTION_STARTED");
    assert.deepEqual(
      events.slice(-12).map(({ promotion }) => promotion?.id),
      ids,
    );
  });

  it("refuses times that are out of bounds", async () => {
    const { dev } = await gated();
    const far = new Date(clock.now().getTime() + 30 * 24 * HOUR + 1).toISOString();
    const fields = [];
    for (const input of [{ notBefore: far }, { expiresIn: "59s" }, { expiresIn: "31d" }]) {
      for (const operation of ["promote", "plan"]) {
        const { extensions } =
          operation === "promote"
            ? await admin.mutationError("promote", { app: dev.id, ...input })
            : await admin.queryError("query ($input: PromoteInput!) { promotionPlan(input: $input) { promotable } }", {
                input: { app: dev.id, ...input },
              });
        fields.push(`${extensions.code} ${extensions.field}`);
      }
    }
    const expected = ["notBefore", "notBefore", "expiresIn", "expiresIn", "expiresIn", "expiresIn"];
    assert.deepEqual(
      fields,
      expected.map((field) => `BAD_USER_INPUT ${field}`),
    );
  });
});

describe("a credential that ends while a promotion waits", () => {
  it("ends the promotion when it is revoked, with the reason", async () => {
    const { dev, release } = await gated();
    const { client, id: tokenId, name } = await token("OPERATOR");
    const id = await promote({ app: dev.id }, client);
    await admin.mutate("revokeToken", { token: tokenId }, "token { id }");
    const { phase, endReason, endedBy } = await read(id);
    assert.deepEqual(
      [phase, endReason, endedBy.name],
      ["CANCELLED", `The token ${name}, which asked for it, was revoked.`, "railyard"],
    );
    await report({ release: release.id }, "ci", "SUCCESS");
    assert.equal(await readPhase(id), "CANCELLED");
  });

  it("ends the promotion when it expires, and nothing is admitted under it", async () => {
    const expiresAt = () => new Date(clock.now().getTime() + HOUR).toISOString();
    const [one, two] = [await gated(), await gated()];
    const { client } = await token("OPERATOR", { expiresAt: expiresAt() });
    const first = await promote({ app: one.dev.id }, client);
    const second = await promote({ app: two.dev.id }, client);
    clock.advance(HOUR);
    await report({ release: one.release.id }, "ci", "SUCCESS");
    assert.match((await read(first)).endReason, /has expired/);
    await server.app.tick();
    assert.deepEqual([await readPhase(first), await readPhase(second)], ["CANCELLED", "CANCELLED"]);
  });

  it("ends the promotion when the login of the person who asked for it ends, and nothing is admitted under it", async () => {
    const expires = new Date(clock.now().getTime() + HOUR);
    const login = async () => new Client(server.url, await issuer.sign({ roles: ["dev"] }, { expires }));
    const [one, two, three] = [await gated(), await gated(), await gated()];
    const first = await promote({ app: one.dev.id }, await login());
    const second = await promote({ app: two.dev.id }, await login());
    const third = await promote({ app: three.dev.id }, await login());
    await report({ release: three.release.id }, "ci", "SUCCESS");
    // A minute more than that, because clocks may differ by half a minute.
    clock.advance(HOUR + MINUTE);
    await report({ release: one.release.id }, "ci", "SUCCESS");
    const { endReason, targets } = await read(first);
    assert.equal(endReason, "The login of ada@example.com, who asked for it, has expired.");
    assert.equal(targets[0].release, null);
    // Without any report, the clock ends it.
    await server.app.tick();
    assert.deepEqual([await readPhase(first), await readPhase(second)], ["CANCELLED", "CANCELLED"]);
    assert.equal(await readPhase(third), "SUCCEEDED");
  });
});

describe("a newer promotion", () => {
  it("takes the targets that it shares with one that waits, which goes on with the rest", async () => {
    const { pipeline, dev, staging, release } = await gated();
    const other = await seed.coupled(pipeline, "STAGING", { requiredChecks: ["qa"] });
    const older = await promote({ app: dev.id });
    const newer = await promote({ app: dev.id, targets: [staging.id] });
    const { phase, targets, supersededBy } = await read(older);
    assert.deepEqual([phase, supersededBy], ["WAITING", null]);
    assert.deepEqual(
      Object.fromEntries(targets.map((one: { app: Named; phase: string }) => [one.app.name, one.phase])),
      { [staging.name]: "SUPERSEDED", [other.name]: "WAITING" },
    );
    await report({ release: release.id }, "qa", "SUCCESS");
    assert.equal(await readPhase(older), "PARTIALLY_SUCCEEDED");
    assert.equal(await readPhase(newer), "WAITING");
  });

  it("ends one that it leaves without targets, whether it waits itself or goes at once", async () => {
    const { dev, staging } = await gated();
    const first = await promote({ app: dev.id });
    const second = await promote({ app: dev.id });
    const ended = await read(first);
    assert.deepEqual([ended.phase, ended.supersededBy.id, ended.endedBy], ["SUPERSEDED", second, null]);
    await promote({ app: dev.id, force: true, reason: "Now" });
    assert.equal(await readPhase(second), "SUPERSEDED");
    const app = await admin.ask("query ($app: ID!) { app(app: $app) { releases { totalCount } } }", {
      app: staging.id,
    });
    assert.equal(app.app.releases.totalCount, 1);
  });

  it("lets the older one go if it took what blocked it", async () => {
    const { pipeline, dev, staging } = await gated();
    await seed.coupled(pipeline, "STAGING");
    const older = await promote({ app: dev.id });
    await promote({ app: dev.id, targets: [staging.id] });
    await server.app.tick();
    assert.equal(await readPhase(older), "PARTIALLY_SUCCEEDED");
  });

  it("is refused if 100 wait in the pipeline, unless it replaces one of them", async () => {
    const { pipeline, dev, staging } = await gated();
    const other = await seed.coupled(pipeline, "STAGING", { requiredChecks: ["ci"] });
    const id = await promote({ app: dev.id, targets: [staging.id] });
    await addWaiting(id, 99);
    const input = { app: dev.id, targets: [other.id], whenReady: true };
    assert.equal((await admin.mutationError("promote", input)).extensions.code, "CONFLICT");
    await promote({ app: dev.id });
    assert.equal(await readPhase(id), "SUPERSEDED");
  });

  it("costs a report that clears nothing one indexed read, however many wait elsewhere", async () => {
    const { dev, staging } = await gated();
    const id = await promote({ app: dev.id });
    const subject = { build: (await seed.build()).id };
    const once = async (context: string) => {
      const before = database().statements;
      await report(subject, context, "SUCCESS");
      return database().statements - before;
    };
    const least = async () => Math.min(...[await once(unique()), await once(unique()), await once(unique())]);
    const few = await least();
    await addWaiting(id, 2000);
    assert.equal(await least(), few);
    const plan = await explain(sql`SELECT * FROM promotions e
      WHERE e.wake_at IS NOT NULL AND e.build_id = ${subject.build} ORDER BY +e.position LIMIT 10`);
    assert.match(plan, /promotions_waiting_by_build/);
    const due = await explain(sql`SELECT * FROM promotions e WHERE e.wake_at <= ${0} AND +e.position > ${0}
      ORDER BY +e.position LIMIT 100`);
    assert.match(due, /promotions_waking/);
    await database().write((tx) => tx.deleteWhere(Promotion, sql`e.created_by_name = 'copy'`));
    await admin.mutate("removeCoupling", { coupling: staging.couplingId }, "pipeline { id }");
  });
});

describe("cancelPromotion", () => {
  it("ends one that waits, and repeating it changes nothing", async () => {
    const { dev, release } = await gated();
    const id = await promote({ app: dev.id });
    assert.equal((await cancel(id)).promotion.phase, "CANCELLED");
    const events = await readEvents(id);
    assert.equal((await cancel(id, "Again")).promotion.phase, "CANCELLED");
    assert.deepEqual(await readEvents(id), events);
    const { endReason, endedBy, targets } = await read(id);
    assert.deepEqual([endReason, endedBy.name, targets[0].phase], ["Not needed", "admin", "CANCELLED"]);
    await report({ release: release.id }, "ci", "SUCCESS");
    assert.equal(await readPhase(id), "CANCELLED");
  });

  it("ends what is queued of one in progress, and asks the deployer of the rest to stop", async () => {
    const { pipeline, dev, staging } = await gated([], "REPORTED");
    const busy = await seed.coupled(pipeline, "STAGING", { deploymentMode: "REPORTED" });
    const running = await seed.release(busy);
    const id = await promote({ app: dev.id });
    assert.equal((await cancel(id)).promotion.phase, "IN_PROGRESS");
    await cancel(id, "Again");
    const { targets, endReason } = await read(id);
    const phases = targets.map((one: { app: Named; phase: string }) => [one.app.name, one.phase]);
    assert.deepEqual(Object.fromEntries(phases), { [staging.name]: "DEPLOYING", [busy.name]: "CANCELLED" });
    assert.equal(endReason, "Not needed");
    const { release } = targets.find((one: { app: Named }) => one.app.name === staging.name);
    const asked = await admin.ask("query ($id: ID!) { release(id: $id) { cancelRequestedAt } }", { id: release.id });
    assert.equal(asked.release.cancelRequestedAt, clock.now().toISOString());
    await admin.mutate("reportDeployment", { release: running.id, phase: "SUCCEEDED" }, "release { id }");
    await admin.mutate("reportDeployment", { release: release.id, phase: "FAILED" }, "release { id }");
    assert.equal(await readPhase(id), "FAILED");
    assert.equal(
      (await admin.mutationError("cancelPromotion", { promotion: id, reason: "Late" })).extensions.code,
      "CONFLICT",
    );
  });

  it("needs a reason, and a promotion", async () => {
    const { dev } = await gated();
    const promotion = await promote({ app: dev.id });
    const blank = await admin.mutationError("cancelPromotion", { promotion, reason: " " });
    assert.deepEqual([blank.extensions.code, blank.extensions.field], ["BAD_USER_INPUT", "reason"]);
    const unknown = { promotion: "019ab3c4-5d6e-7f80-9123-456789abcdef", reason: "None" };
    assert.equal((await admin.mutationError("cancelPromotion", unknown)).extensions.code, "NOT_FOUND");
  });
});

describe("an app that leaves its stage", () => {
  it("takes its part of the promotions that wait for it with it", async () => {
    const { pipeline, dev, staging } = await gated();
    const other = await seed.coupled(pipeline, "STAGING");
    const id = await promote({ app: dev.id });
    await admin.mutate("removeCoupling", { coupling: staging.couplingId }, "pipeline { id }");
    await server.app.tick();
    const { phase, targets } = await read(id);
    const phases = targets.map((one: { app: Named; phase: string }) => [one.app.name, one.phase]);
    assert.deepEqual(Object.fromEntries(phases), { [staging.name]: "CANCELLED", [other.name]: "SUCCEEDED" });
    assert.equal(phase, "PARTIALLY_SUCCEEDED");
  });

  it("ends the promotions from it, with the reason", async () => {
    const moved = await gated();
    const first = await promote({ app: moved.dev.id });
    await admin.mutate("moveCoupling", { coupling: moved.dev.couplingId, stage: "PRODUCTION" }, "coupling { id }");
    const deleted = await gated();
    const second = await promote({ app: deleted.dev.id });
    await admin.mutate("deletePipeline", { pipeline: deleted.pipeline.id }, "deletedPipelineId");
    assert.deepEqual(
      [await read(first), await read(second)].map(({ phase, endReason }) => [phase, endReason]),
      [
        ["CANCELLED", `${moved.dev.name} was moved to PRODUCTION.`],
        ["CANCELLED", `The pipeline ${deleted.pipeline.name} was deleted.`],
      ],
    );
  });
});

describe("the metrics", () => {
  it("count what waits, for how long, and by which blocker", async () => {
    const text = async () => (await fetch(`${server.url}/metrics`)).text();
    const value = (metrics: string, name: string) =>
      Number(
        metrics
          .split("\n")
          .find((line) => line.startsWith(`${name} `))
          ?.split(" ")[1] ?? 0,
      );
    const before = await text();
    const { dev } = await gated(["ci", "qa"]);
    await promote({ app: dev.id });
    clock.advance(HOUR);
    const after = await text();
    const grows = (name: string) => value(after, name) - value(before, name);
    assert.equal(grows("railyard_promotions_waiting"), 1);
    assert.equal(grows('railyard_promotions_blocked{code="CHECK_MISSING"}'), 1);
    assert.ok(value(after, "railyard_promotions_waiting_oldest_seconds") >= 3600);
  });
});

describe("a forced promotion", () => {
  it("is listed until another person has reviewed it", async () => {
    const list = async () => {
      const { promotions } = await admin.ask("{ promotions(unreviewedForced: true, first: 100) { nodes { id } } }");
      return promotions.nodes.map((one: { id: string }) => one.id);
    };
    const { dev, release } = await gated();
    const forced = await promote({ app: dev.id, force: true, reason: "Hotfix" });
    assert.ok((await list()).includes(forced));
    assert.ok((await readEvents(forced)).includes("PROMOTION_FORCED"));
    const review = (comment: string) => ({ promotion: forced, comment });
    assert.equal((await admin.mutationError("reviewForcedPromotion", review("Mine"))).extensions.code, "CONFLICT");
    const { client, name } = await token("OPERATOR");
    assert.equal((await client.mutationError("reviewForcedPromotion", review(" "))).extensions.field, "comment");
    const selection = "promotion { needsReview reviewComment reviewedBy { name } reviewedAt }";
    const expected = {
      ...{ needsReview: false, reviewComment: "The check was broken", reviewedBy: { name } },
      reviewedAt: clock.now().toISOString(),
    };
    const answer = await client.mutate("reviewForcedPromotion", review("The check was broken"), selection);
    assert.deepEqual(answer.promotion, expected);
    assert.deepEqual((await admin.mutate("reviewForcedPromotion", review("Again"), selection)).promotion, expected);
    assert.ok(!(await list()).includes(forced));
    assert.equal((await readEvents(forced)).filter((type) => type === "PROMOTION_REVIEWED").length, 1);
    // What was forced without need went past nothing.
    await report({ release: release.id }, "ci", "SUCCESS");
    const needless = await promote({ app: dev.id, force: true, reason: "To be sure" });
    const refused = await client.mutationError("reviewForcedPromotion", { promotion: needless, comment: "?" });
    assert.equal(refused.extensions.code, "CONFLICT");
  });
});
