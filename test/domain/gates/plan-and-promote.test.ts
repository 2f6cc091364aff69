import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import type { Client } from "../../support/clients/client.js";
import { line, member, requireApprovals } from "../../support/data/approvals.js";
import { unique } from "../../support/data/seed.js";
import { runsPerEngine } from "../../support/database/engine.js";
import { HOUR, MINUTE } from "../../support/service/clock.js";
import { startServer } from "../../support/service/server.js";

/** A Thursday. */
const EPOCH = Date.parse("2030-03-28T00:00:00Z");
let time = EPOCH;
const server = await startServer({ after }, { now: () => new Date(time) });
const { admin } = server;
const voters = await Promise.all(["bo", "cy"].map((person) => member(server, { person })));

interface Blocker {
  readonly code: string;
  readonly message: string;
  readonly remedies: readonly string[];
  readonly clearsAt: string | null;
  readonly app: { readonly id: string } | null;
}

const BLOCKERS = "blockers { code message remedies clearsAt app { id } }";
const PLAN = `query ($input: PromoteInput!) { promotionPlan(input: $input) { promotable wouldWait clearsAt ${BLOCKERS} } }`;
const PROMOTE = `mutation ($input: PromoteInput!) { promote(input: $input) { promotion { id phase clearsAt ${BLOCKERS} } } }`;
const PROMOTION = `query ($id: ID!) { promotion(id: $id) { phase clearsAt ${BLOCKERS} } }`;

/** What differs between the error of a refusal and a plan: the error has more fields. */
const comparable = (blockers: readonly Blocker[]) =>
  blockers.map(({ code, message, remedies, clearsAt }) => ({ code, message, remedies, clearsAt }));
/** Votes belong to one promotion. A plan is of a promotion that does not exist yet. */
const withoutVotes = (blockers: readonly Blocker[]) =>
  comparable(blockers).filter(({ code }) => code !== "APPROVAL_REQUIRED");

const attempt = async (client: Client, name: string, input: object, selection: string) => {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  await client.post(`mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} } }`, { input });
};

const minutes = fc.integer({ min: 1, max: 40 * 60 });
const act = fc.oneof(
  fc.record({ kind: fc.constant("report"), state: fc.constantFrom("SUCCESS", "FAILURE", "PENDING") }),
  fc.record({ kind: fc.constant("vote"), voter: fc.integer({ min: 0, max: 1 }) }),
  fc.record({ kind: fc.constant("wait"), minutes }),
  fc.record({ kind: fc.constant("freeze"), hours: fc.option(fc.integer({ min: 1, max: 9 })), hard: fc.boolean() }),
  fc.record({ kind: fc.constant("lift") }),
  fc.record({ kind: fc.constant("soak"), hours: fc.option(fc.integer({ min: 1, max: 30 })) }),
  fc.record({ kind: fc.constant("rule"), required: fc.integer({ min: 1, max: 2 }) }),
  fc.record({ kind: fc.constant("noRule") }),
  fc.record({ kind: fc.constant("checks"), required: fc.boolean() }),
) as fc.Arbitrary<Record<string, never> & { kind: string }>;
const window = fc.record({
  kind: fc.constantFrom("ALLOW", "DENY"),
  timeZone: fc.constantFrom("Europe/Berlin", "UTC"),
  startTime: fc.constantFrom("02:00", "09:00", "17:00"),
  endTime: fc.constantFrom("06:00", "12:00", "22:00"),
  recurrence: fc.constantFrom(null, "FREQ=WEEKLY;BYDAY=MO,FR,SU"),
});
const scenario = fc.record({
  windows: fc.array(window, { maxLength: 2 }),
  whenReady: fc.boolean(),
  force: fc.boolean(),
  ahead: fc.option(fc.integer({ min: 1, max: 600 })),
  acts: fc.array(act, { minLength: 3, maxLength: 9 }),
});

/** A promotion that every gate but `notBefore` blocks. */
const EVERY_GATE = {
  windows: [{ kind: "ALLOW", timeZone: "UTC", startTime: "09:00", endTime: "12:00", recurrence: null }],
  ...{ whenReady: false, force: false, ahead: null },
  acts: [
    { kind: "rule", required: 1 },
    { kind: "soak", hours: 30 },
    { kind: "freeze", hours: null, hard: false },
  ],
} as unknown as Scenario;
/** A promotion that waits for its time, and starts. */
const IN_TIME = {
  ...{ windows: [], whenReady: true, force: false, ahead: 60 },
  acts: [
    { kind: "report", state: "SUCCESS" },
    { kind: "wait", minutes: 10 },
    { kind: "wait", minutes: 60 },
  ],
} as unknown as Scenario;

describe("the plan and the promotion", () => {
  it("agree for any windows, freezes, votes, soak times, checks and times, and what waits is admitted in time", async () => {
    const seen: Record<string, number> = {};
    const run = async ({ windows, whenReady, force, ahead, acts }: Scenario) => {
      time = EPOCH;
      const at = await line(server, ["ci"]);
      const scope = { pipelines: [at.pipeline.id] };
      for (const one of windows) {
        const input = { name: unique("window"), startDate: "2030-03-27", scope, ...one };
        await admin.mutate("createDeploymentWindow", input, "window { id }");
      }
      const given = {
        app: at.source.id,
        ...(whenReady && { whenReady }),
        ...(force && { force, reason: "For a test" }),
        ...(ahead !== null && { notBefore: new Date(EPOCH + ahead * MINUTE).toISOString() }),
        expiresIn: "30d",
      };
      const freezes: string[] = [];
      let rule: string | null = null;
      let waiting: string | null = null;
      const perform = async (one: Record<string, unknown>): Promise<void> => {
        if (one.kind === "wait") time += (one.minutes as number) * MINUTE;
        if (one.kind === "report") {
          const input = { release: at.release.id, context: "ci", state: one.state };
          await admin.mutate("reportStatus", input, "status { id }");
        }
        if (one.kind === "vote" && waiting !== null) {
          const { client } = voters[one.voter as number] as { client: Client };
          await attempt(client, "approvePromotion", { promotion: waiting }, "promotion { id }");
        }
        if (one.kind === "freeze") {
          const hours = one.hours as number | null;
          const end = hours === null ? { untilLifted: true } : { endsAt: new Date(time + hours * HOUR).toISOString() };
          const input = { scope, reason: "A test", hard: one.hard, ...end };
          freezes.push((await admin.mutate("startFreeze", input, "freeze { id }")).freeze.id);
        }
        if (one.kind === "lift") {
          const freeze = freezes.pop();
          if (freeze) await attempt(admin, "liftFreeze", { freeze, reason: "Over" }, "freeze { id }");
        }
        if (one.kind === "soak") {
          const soakTime = one.hours === null ? null : `${one.hours}h`;
          const input = { pipeline: at.pipeline.id, stage: "PRODUCTION", soakTime };
          await admin.mutate("updateStagePolicy", input, "policy { soakTime }");
        }
        if (one.kind === "rule") {
          if (rule === null) rule = (await requireApprovals(server, at, { required: one.required })).id;
          else await admin.mutate("updateApprovalRule", { rule, required: one.required }, "rule { id }");
        }
        if (one.kind === "noRule" && rule !== null) {
          await admin.mutate("deleteApprovalRule", { rule }, "__typename");
          rule = null;
        }
        if (one.kind === "checks") {
          const input = { coupling: at.target.couplingId, requiredChecks: one.required ? ["ci"] : [] };
          await admin.mutate("updateChecks", input, "coupling { id }");
        }
      };
      for (const one of acts) {
        await perform(one);
        const { promotionPlan: plan } = await admin.ask(PLAN, { input: given });
        assert.equal(plan.promotable, plan.blockers.length === 0);
        if (waiting !== null) {
          // Time alone has cleared something: the clock looks at what waits.
          await server.app.tick();
          const { promotion }: { promotion: Promoted } = await admin.ask(PROMOTION, { id: waiting });
          seen[promotion.phase] = (seen[promotion.phase] ?? 0) + 1;
          if (promotion.phase === "WAITING") {
            assert.ok(promotion.blockers.length > 0, "it waits for nothing");
            assert.deepEqual(withoutVotes(promotion.blockers), withoutVotes(plan.blockers));
            continue;
          }
          // It went, or nothing can let its release through any more, at the moment at which the gates said so.
          assert.ok(["SUCCEEDED", "CANCELLED", "EXPIRED"].includes(promotion.phase), promotion.phase);
          if (promotion.phase === "SUCCEEDED") assert.deepEqual(withoutVotes(plan.blockers), []);
          waiting = null;
          continue;
        }
        const { data, errors } = await admin.post<{ promote: { promotion: Promoted } }>(PROMOTE, { input: given });
        const promotion = data?.promote?.promotion;
        if (plan.blockers.length === 0) {
          assert.equal(promotion?.phase, "SUCCEEDED", JSON.stringify(errors));
        } else if ((whenReady || ahead !== null) && plan.wouldWait) {
          assert.equal(promotion?.phase, "WAITING", JSON.stringify(errors));
          assert.deepEqual(comparable(promotion?.blockers ?? []), comparable(plan.blockers));
          assert.equal(promotion?.clearsAt, plan.clearsAt);
          waiting = promotion?.id ?? null;
        } else {
          assert.equal(errors?.[0]?.extensions.code, "PROMOTION_BLOCKED");
          assert.deepEqual(comparable(errors?.[0]?.extensions.blockers as Blocker[]), comparable(plan.blockers));
        }
        for (const { code } of plan.blockers) seen[code] = (seen[code] ?? 0) + 1;
      }
    };
    await fc.assert(fc.asyncProperty(scenario, run), {
      numRuns: runsPerEngine(60),
      examples: [[EVERY_GATE], [IN_TIME]],
    });
    // Every gate and every way was part of it, in the examples at least.
    for (const code of ["CHECK_MISSING", "FROZEN", "WINDOW_CLOSED", "SOAKING", "APPROVAL_REQUIRED", "NOT_BEFORE"]) {
      assert.ok(seen[code], `${code} was never seen: ${JSON.stringify(seen)}`);
    }
    assert.ok(seen.WAITING && seen.SUCCEEDED, JSON.stringify(seen));
  });
});

type Scenario = typeof scenario extends fc.Arbitrary<infer S> ? S : never;
type Promoted = {
  readonly id: string;
  readonly phase: string;
  readonly clearsAt: string | null;
  readonly blockers: Blocker[];
};
