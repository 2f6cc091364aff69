import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Database } from "../../../../src/database/database.js";
import { Promotion } from "../../../../src/entities/releases/promotion.js";
import { Client } from "../../../support/clients/client.js";
import { line, type Member, member, promoteWhenReady, requireApprovals } from "../../../support/data/approvals.js";
import { replay } from "../../../support/data/gate-history.js";
import { buildsOn } from "../../../support/data/seed.js";
import { engine } from "../../../support/database/engine.js";
import { pickOne, readLog, startInstances } from "../../../support/service/instances.js";
import { onlyOn, startServer, type TestServer } from "../../../support/service/server.js";

/** SQLite is for one process. */
const INSTANCES = engine === "postgres" ? 2 : 1;

const read = async (client: Client, id: string) => {
  const query =
    "query ($id: ID!) { promotion(id: $id) { phase blockers { code } targets { phase release { version } } } }";
  return (await client.ask(query, { id })).promotion;
};

const REFUSALS = ["CONFLICT", "FORBIDDEN", "UNAUTHENTICATED", "NOT_FOUND"];

/** Sends a mutation of which only refusals are expected that say that another one was first. */
async function attempt(client: Client, name: string, input: object, selection: string): Promise<unknown> {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  const query = `mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} } }`;
  const { data, errors } = await client.post<Record<string, object>>(query, { input });
  for (const { message, extensions } of errors ?? []) {
    assert.ok(REFUSALS.includes(extensions.code), `${name}: ${extensions.code}: ${message}`);
  }
  return data?.[name];
}

describe("votes, freezes, checks and revoked tokens at once", () => {
  const REQUIRED = 2;
  it("never start a promotion without its votes, in a freeze, or twice; and each one ends", async (t) => {
    const instances = await startInstances(t, INSTANCES);
    const first = instances[0] as TestServer;
    const anywhere = ({ client }: Member) => new Client((pickOne(instances) as TestServer).url, client.secret);
    const anyone = () => (pickOne(instances) as TestServer).admin;
    const seen = { started: 0, rejected: 0, ended: 0 };
    for (let round = 0; round < 12; round += 1) {
      const at = await line(first, ["ci"]);
      await requireApprovals(first, at, { required: REQUIRED });
      const names = ["ada", "bo", "cy", "dee"];
      const { cursor: after } = await readLog(first.admin);
      const members = await Promise.all(names.map((person) => member(first, { person: `${person}-${round}` })));
      const [ada, bo, cy, dee] = members as [Member, Member, Member, Member];
      const tokens = new Map(members.map(({ token }, index) => [`${names[index]}-${round}`, token]));
      const history = () => replay(first.admin, { pipeline: at.pipeline.id, after, required: REQUIRED, tokens });
      const { id } = await promoteWhenReady(ada.client, at);
      const approve = (who: Member) => () =>
        attempt(anywhere(who), "approvePromotion", { promotion: id }, "approvals { id }");
      const report = (state: string) => () =>
        attempt(anyone(), "reportStatus", { release: at.release.id, context: "ci", state }, "status { id }");
      const freeze = async () => {
        const input = { scope: { pipelines: [at.pipeline.id] }, reason: "A race", untilLifted: true };
        const started = (await attempt(anyone(), "startFreeze", input, "freeze { id }")) as { freeze: { id: string } };
        const lift = { freeze: started.freeze.id, reason: "Over" };
        await attempt(anyone(), "liftFreeze", lift, "freeze { id }");
      };
      const withdraw = async () => {
        const voted = (await approve(cy)()) as { approvals: { id: string }[] } | null;
        const [approval] = voted?.approvals ?? [];
        if (approval) await attempt(anywhere(cy), "withdrawApproval", { approval: approval.id }, "approval { id }");
      };
      const revoke = ({ token }: Member) => attempt(anyone(), "revokeToken", { token }, "token { id }");
      const reject = () =>
        attempt(anywhere(dee), "rejectPromotion", { promotion: id, comment: "No" }, "promotion { id }");
      const rivals: (() => Promise<unknown>)[] = [
        ...[approve(bo), approve(cy), approve(dee), report("SUCCESS"), freeze],
        ...instances.map((instance) => () => instance.app.tick()),
        ...(round % 2 === 0 ? [report("FAILURE"), report("SUCCESS"), withdraw] : []),
        ...(round % 3 === 0 ? [() => revoke(bo)] : []),
        ...(round % 4 === 1 ? [() => revoke(ada)] : []),
        ...(round % 5 === 2 ? [reject] : []),
        ...(round % 4 === 3 ? [() => promoteWhenReady(anyone(), at)] : []),
      ];
      await Promise.all(rivals.sort(() => Math.random() - 0.5).map((rival) => rival()));
      // Now everything is cleared, with the votes of others if some were voided.
      await report("SUCCESS")();
      for (const person of ["eve", "fay"]) {
        const voter = await member(first, { person: `${person}-${round}` });
        for (const waiting of (await history()).keys()) {
          await attempt(anywhere(voter), "approvePromotion", { promotion: waiting }, "promotion { id }");
        }
      }
      const outcomes = await history();
      assert.ok(outcomes.has(id));
      for (const [one, { started, rejected, finished }] of outcomes) {
        const { phase, blockers, targets } = await read(first.admin, one);
        assert.deepEqual(blockers, []);
        assert.ok(finished, `${one} is ${phase} and has not ended`);
        assert.equal(phase === "SUCCEEDED", started);
        assert.equal(phase === "REJECTED", rejected);
        assert.equal(targets[0].release !== null, started);
        seen[started ? "started" : rejected ? "rejected" : "ended"] += 1;
      }
      const releases = await buildsOn(first.admin, at.target);
      assert.equal(releases.length, [...outcomes.values()].filter(({ started }) => started).length);
    }
    t.diagnostic(JSON.stringify(seen));
    assert.ok(seen.started > 0 && seen.ended > 0, JSON.stringify(seen));
  });
});

/** Holds a transaction back before its commit, once, for `wrap` of `startServer`. */
class HeldCommit {
  /** The type of an event of the transaction to hold back; null if none is. */
  #type: string | null = null;
  #reached = () => {};
  #release: Promise<void> = Promise.resolve();

  readonly wrap = (database: Database): Database => {
    const write: Database["write"] = (work) =>
      database.write(async (tx) => {
        const result = await work(tx);
        if (tx.appended.some(({ type }) => type === this.#type)) {
          this.#type = null;
          this.#reached();
          await this.#release;
        }
        return result;
      });
    return Object.create(database, { write: { value: write } }) as Database;
  };

  /**
   * Runs `first` until just before the commit of the transaction that appends such an event. Then begins `second`, and lets the
   * first one commit once the second has waited for a while, or is over.
   */
  async between(type: string, first: () => Promise<unknown>, second: () => Promise<unknown>): Promise<void> {
    let release = () => {};
    this.#type = type;
    this.#release = new Promise((resolve) => {
      release = resolve;
    });
    const reached = new Promise<void>((resolve) => {
      this.#reached = resolve;
    });
    const one = first();
    await reached;
    const other = second();
    await Promise.race([other, delay(300)]);
    release();
    await Promise.all([one, other]);
  }
}

describe("the last vote", () => {
  const held = new HeldCommit();

  /** A promotion that the vote of `voter` starts. */
  async function ready(server: TestServer) {
    const at = await line(server);
    await requireApprovals(server, at);
    const [ada, bo, cy] = await Promise.all(["ada", "bo", "cy"].map((person) => member(server, { person })));
    if (!ada || !bo || !cy) throw new Error("A member is missing.");
    const { id } = await promoteWhenReady(ada.client, at);
    const vote = () => attempt(bo.client, "approvePromotion", { promotion: id }, "promotion { id }");
    return { at, ada, bo, cy, id, vote };
  }

  it("waits for what was there first: a freeze, a revocation, a rejection, a cancellation, another rule", async (t) => {
    const server = await startServer(t, { wrap: held.wrap });
    const { admin } = server;
    const outcome = async (id: string) => {
      const { phase, blockers } = await read(admin, id);
      return [phase, ...blockers.map(({ code }: { code: string }) => code)];
    };

    const frozen = await ready(server);
    const scope = { pipelines: [frozen.at.pipeline.id] };
    const freeze = () => attempt(admin, "startFreeze", { scope, reason: "A race" }, "freeze { id }");
    await held.between("FREEZE_STARTED", freeze, frozen.vote);
    assert.deepEqual(await outcome(frozen.id), ["WAITING", "FROZEN"]);

    const revoked = await ready(server);
    const revoke = (token: string) => () => attempt(admin, "revokeToken", { token }, "token { id }");
    await held.between("TOKEN_REVOKED", revoke(revoked.bo.token), revoked.vote);
    assert.deepEqual(await outcome(revoked.id), ["WAITING", "APPROVAL_REQUIRED"]);

    const abandoned = await ready(server);
    await held.between("TOKEN_REVOKED", revoke(abandoned.ada.token), abandoned.vote);
    assert.deepEqual(await outcome(abandoned.id), ["CANCELLED"]);

    const rejected = await ready(server);
    const rejection = { promotion: rejected.id, comment: "Not now" };
    const reject = () => attempt(rejected.cy.client, "rejectPromotion", rejection, "promotion { id }");
    await held.between("APPROVAL_REJECTED", reject, rejected.vote);
    assert.deepEqual(await outcome(rejected.id), ["REJECTED"]);

    const cancelled = await ready(server);
    const cancellation = { promotion: cancelled.id, reason: "Not now" };
    const cancel = () => attempt(admin, "cancelPromotion", cancellation, "promotion { id }");
    await held.between("PROMOTION_FINISHED", cancel, cancelled.vote);
    assert.deepEqual(await outcome(cancelled.id), ["CANCELLED"]);

    const governed = await ready(server);
    const another = () => requireApprovals(server, governed.at, { name: "another", required: 2 });
    await held.between("APPROVAL_RULE_CREATED", another, governed.vote);
    assert.deepEqual(await outcome(governed.id), ["WAITING", "APPROVAL_REQUIRED"]);
  });

  it("does not go by the time at which its transaction began, before a freeze", onlyOn("postgres"), async (t) => {
    const server = await startServer(t);
    const { at, id, vote } = await ready(server);
    const scope = { pipelines: [at.pipeline.id] };
    let voted: Promise<unknown> = Promise.resolve();
    await server.app.database.write(async (tx) => {
      await tx.lock(Promotion, [id], "change");
      voted = vote();
      await delay(200);
      await attempt(server.admin, "startFreeze", { scope, reason: "A race" }, "freeze { id }");
    });
    await voted;
    const { phase, blockers } = await read(server.admin, id);
    assert.deepEqual([phase, blockers[0]?.code], ["WAITING", "FROZEN"]);
  });

  it("comes before what follows it, which changes nothing about the promotion any more", async (t) => {
    const server = await startServer(t, { wrap: held.wrap });
    const { admin } = server;
    const following = async (second: (at: Awaited<ReturnType<typeof ready>>) => Promise<unknown>) => {
      const at = await ready(server);
      await held.between("PROMOTION_STARTED", at.vote, () => second(at));
      assert.equal((await read(admin, at.id)).phase, "SUCCEEDED");
      assert.equal((await buildsOn(admin, at.at.target)).length, 1);
    };
    await following(({ at }) =>
      attempt(admin, "startFreeze", { scope: { pipelines: [at.pipeline.id] }, reason: "A race" }, "freeze { id }"),
    );
    await following(({ bo }) => attempt(admin, "revokeToken", { token: bo.token }, "token { id }"));
    await following(({ id }) => attempt(admin, "cancelPromotion", { promotion: id, reason: "No" }, "promotion { id }"));
    await following(({ id, cy }) =>
      attempt(cy.client, "rejectPromotion", { promotion: id, comment: "No" }, "promotion { id }"),
    );
    await following(() => server.app.tick());
  });
});
