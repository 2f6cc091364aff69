import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { decodeCursor } from "../../src/entities/history/event-cursor.js";
import { type Client, RequestFailed } from "../support/clients/client.js";
import { eventsAfter, type LoggedChange } from "../support/clients/event-log.js";
import { checkAutoDeploys, checkNotForgotten, type ModelTally, predict } from "../support/data/model-checks.js";
import { unique } from "../support/data/seed.js";
import { dumpRows } from "../support/database/database-content.js";
import { runsPerEngine } from "../support/database/engine.js";
import { Clock, HOUR, MINUTE } from "../support/service/clock.js";
import { startServer, type TestServer } from "../support/service/server.js";

/*
 * Invariants under random sequences of operations and roles. Each run sends a random series of changes to a new server, checks
 * after each that every written row has an event, and at the end compares the queries to a state rebuilt from the log.
 */

const STAGES = ["REVIEW", "DEVELOPMENT", "STAGING", "PRODUCTION"];
const CONTEXTS = ["ci", "qa"];
/** Runs per engine. `MODEL_RUNS` overrides it. */
const RUNS = Number(process.env.MODEL_RUNS ?? runsPerEngine(14));
/** Each is the parent of the next one. Their times are not in this order, as after a rebase. */
const COMMITS = [3, 1, 4, 2].map((day, index) => ({
  sha: String(index).repeat(40),
  parents: index === 0 ? [] : [String(index - 1).repeat(40)],
  committedAt: `2026-01-0${day}T00:00:00.000Z`,
}));
const REPOSITORIES = ["github.com/tests/one", "github.com/tests/two"];

/** One step: the operation, and numbers that choose its objects. */
const step = fc.record({
  what: fc.constantFrom(
    ...[
      "pipeline",
      "app",
      "couple",
      "couple",
      "move",
      "checks",
      "uncouple",
      "auto",
      "mode",
      "deleteApp",
      "deletePipeline",
    ],
    ...["build", "build", "finish", "release", "release", "release", "promote", "promote", "promote", "rollback"],
    ...["report", "report", "report", "report", "status", "status", "status", "open", "close", "time", "late"],
  ),
  by: fc.constantFrom("ADMIN" as const, "ADMIN" as const, "OPERATOR" as const),
  a: fc.nat(7),
  b: fc.nat(7),
  c: fc.nat(7),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const does = (what: Step["what"], a = 0, b = 0, c = 0): Step => ({ what, by: "ADMIN", a, b, c });

/** The initial state: an IMMEDIATE app in development that has a release, and a REPORTED one in staging. */
const OPENING: readonly Step[] = [
  does("pipeline"),
  ...[does("app", 1), does("app", 0)],
  ...[does("couple", 0, 0, 1), does("couple", 0, 1, 2)],
  ...[does("build", 0, 1, 1), does("release")],
];

/** Deploying, waiting, superseded and reported: tried first, so that every run of this test covers them. */
const QUEUE: Step[] = [
  ...Array.from({ length: 4 }, () => does("promote", 0, 1)),
  ...[does("report", 4), does("release", 0, 1), does("time", 1), does("deletePipeline"), does("deleteApp", 0, 1)],
];

/** Rollbacks one after the other until there is no build left, and late reports of deployments that timed out. */
const ROLLBACKS: Step[] = [
  ...[does("build", 0, 1, 2), does("build", 2, 1, 2), does("rollback"), does("rollback"), does("rollback")],
  ...[does("build", 4, 1, 2), does("release", 0, 0, 7), does("build", 6, 1, 2), does("rollback"), does("auto")],
  ...[does("promote", 0, 1), does("time", 1), does("late"), does("promote", 0, 1), does("time", 1)],
  ...[does("promote", 0, 1), does("report", 7), does("late", 1), does("rollback", 0, 1), does("rollback", 0, 1)],
];

/**
 * Every outcome of `Build.autoDeploys`: an older commit (NOT_NEWER), a pending build before a newer one that was released
 * (SUPERSEDED), a build after a rollback (HELD), and one that is pending (WAITING).
 */
const ORDERS: Step[] = [
  ...[does("build", 2, 1, 1), does("build", 0, 1, 2), does("build", 4, 1, 0), does("build", 6, 1, 1)],
  ...[does("rollback"), does("build", 6, 7, 7)],
  ...[does("pipeline", 1), does("app", 1), does("couple", 1, 2, 1), does("build", 1, 1, 0)],
];

/** All ids ever created, deleted ones included, for steps to choose from. */
class World {
  readonly pipelines: string[] = [];
  readonly apps: string[] = [];
  readonly couplings: string[] = [];
  readonly builds: string[] = [];
  readonly releases: string[] = [];
  /** Releases that failed because nothing was reported in time. */
  readonly timedOut: string[] = [];

  learnTimeouts(events: readonly LoggedChange[]): void {
    const closed = events.some(({ type }) => type === "APP_DELETED");
    for (const { release, releasePhase } of closed ? [] : events) {
      if (releasePhase === "FAILED") this.timedOut.push(release?.id as string);
    }
  }

  learn(events: readonly LoggedChange[]): void {
    for (const { type, subjectId, release } of events) {
      if (type === "PIPELINE_CREATED") this.pipelines.push(subjectId as string);
      if (type === "APP_CREATED") this.apps.push(subjectId as string);
      if (type === "COUPLING_ADDED") this.couplings.push(subjectId as string);
      if (type === "BUILD_CREATED") this.builds.push(subjectId as string);
      if (type === "RELEASE_CREATED") this.releases.push(release?.id as string);
    }
  }
}

/** Picks one of the newest eight by number. */
const pick = <T>(from: readonly T[], number: number): T | undefined =>
  from.slice(-8).at(number % Math.min(8, from.length || 1));

/** The mutation of a step; null if it has no object yet. */
function getMutation({ what, a, b, c }: Step, world: World): [name: string, input: object] | null {
  const pipeline = pick(world.pipelines, a);
  const app = pick(world.apps, b);
  const coupling = pick(world.couplings, a);
  const build = pick(world.builds, c);
  const release = pick(world.releases, a);
  const stage = STAGES[c % 4];
  const requiredChecks = CONTEXTS.slice(0, c % 3);
  switch (what) {
    case "pipeline":
      return ["createPipeline", { name: unique("p"), repository: REPOSITORIES[a % 2], reviewAppsEnabled: b % 2 === 0 }];
    case "app":
      return ["createApp", { name: unique("a"), deploymentMode: a % 2 === 0 ? "REPORTED" : "IMMEDIATE" }];
    case "couple":
      return pipeline && app
        ? ["addCoupling", { pipeline, app, stage, requiredChecks: a % 2 ? requiredChecks : [] }]
        : null;
    case "move":
      return coupling ? ["moveCoupling", { coupling, stage }] : null;
    case "checks":
      return coupling ? ["updateChecks", { coupling, requiredChecks }] : null;
    case "uncouple":
      return coupling && b % 2 ? ["removeCoupling", { coupling }] : null;
    case "auto":
      return coupling ? ["setAutoDeploy", { coupling, autoDeploy: b % 2 === 0 }] : null;
    case "mode":
      return app ? ["updateApp", { app, deploymentMode: a % 2 ? "IMMEDIATE" : "REPORTED" }] : null;
    case "deleteApp":
      return app ? ["deleteApp", { app }] : null;
    case "deletePipeline":
      return pipeline && b % 4 === 0 ? ["deletePipeline", { pipeline }] : null;
    case "build": {
      const branch = b % 3 ? "main" : "feature";
      const done = c % 3 ? { artifact: "registry.test/image" } : { phase: "PENDING" };
      const commit = COMMITS[Math.floor(a / 2)] as (typeof COMMITS)[number];
      const committedAt = c > 4 ? commit.committedAt : null;
      const parents = b === 4 ? commit.parents : null;
      const order = { commit: { sha: commit.sha, parents, committedAt }, ...(b > 5 && { sequence: c }) };
      return ["createBuild", { repository: REPOSITORIES[a % 2], branch, ...order, ...done }];
    }
    case "finish":
      return build
        ? [
            "updateBuild",
            { build, phase: a % 3 ? "SUCCEEDED" : "FAILED", ...(a % 3 && { artifact: "registry.test/image" }) },
          ]
        : null;
    case "release":
      return app && build ? ["createRelease", { app, build }] : null;
    case "promote": {
      const force = b % 4 === 0 ? { force: true, reason: "Agreed" } : {};
      const from = c % 2 ? { pipeline, stage: STAGES[1 + (b % 3)] } : { app: pick(world.apps, a) };
      return pipeline ? ["promote", { ...from, ...force }] : null;
    }
    case "rollback":
      return app ? ["rollback", { app }] : null;
    case "report":
      return release
        ? ["reportDeployment", { release, phase: ["SUCCEEDED", "SUCCEEDED", "FAILED", "DEPLOYING"][b % 4] }]
        : null;
    case "late": {
      const late = pick(world.timedOut, a);
      return late ? ["reportDeployment", { release: late, phase: "SUCCEEDED" }] : null;
    }
    case "status": {
      const subject = b % 2 ? { build } : { release };
      const reported = { context: CONTEXTS[a % 2], state: ["SUCCESS", "SUCCESS", "FAILURE", "PENDING"][c % 4] };
      return build && release ? ["reportStatus", { ...subject, ...reported }] : null;
    }
    case "open":
      return pipeline
        ? [
            "openReviewApp",
            {
              pipeline,
              pullRequest: {
                ...{ number: 1 + (b % 2), branch: "feature" },
                ...(a > 3 && { headSha: COMMITS[c % 4]?.sha }),
              },
            },
          ]
        : null;
    case "close":
      return pipeline ? ["closeReviewApp", { pipeline, pullRequestNumber: 1 + (b % 2) }] : null;
    default:
      return null;
  }
}

/** All rows, except for the log itself and the deadline that a progress report extends. PostgreSQL returns it as text. */
async function getState(server: TestServer): Promise<string[]> {
  const lines = (await dumpRows(server)).filter((line) => !line.startsWith("event"));
  return lines.map((line) => line.replace(/"deploy_deadline":("\d+"|\w+)/, ""));
}

/** How often each outcome occurred. */
type Tally = ModelTally & Record<"done" | "refused" | "skipped", number>;

async function take(
  server: TestServer,
  clock: Clock,
  client: Client,
  one: Step,
  world: World,
  tally: Tally,
): Promise<"done" | "refused" | "skipped"> {
  if (one.what === "time") {
    clock.advance([MINUTE, 11 * MINUTE, HOUR, 40 * HOUR][one.a % 4] as number);
    await server.app.tick();
    return "done";
  }
  const mutation = getMutation(one, world);
  if (mutation === null) return "skipped";
  const compare = await predict(server.admin, one.what, { ...mutation[1] }, tally);
  try {
    await client.mutate(...mutation, "__typename");
    await compare(null);
    return "done";
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error;
    await compare(error.code);
    assert.notEqual(error.code, "INTERNAL_SERVER_ERROR", `${mutation[0]} ${JSON.stringify(mutation[1])}`);
    return "refused";
  }
}

const NEXT: Readonly<Record<string, readonly string[]>> = {
  QUEUED: ["DEPLOYING", "SUPERSEDED", "FAILED"],
  DEPLOYING: ["SUCCEEDED", "FAILED"],
  SUCCEEDED: [],
  // A late report after a timeout.
  FAILED: ["SUCCEEDED"],
  SUPERSEDED: [],
};

/** The state rebuilt from the log alone. */
function replay(events: readonly LoggedChange[]) {
  const releases = new Map<string, string>();
  const promotions = new Map<string, string>();
  const there = {
    APP: new Set<string>(),
    PIPELINE: new Set<string>(),
    COUPLING: new Set<string>(),
    REVIEW_APP: new Set<string>(),
  };
  const targets = new Map<string, string>();
  for (const { type, subjectId, release, releasePhase, promotion, promotionPhase, target, targetPhase } of events) {
    for (const [kind, ids] of Object.entries(there)) {
      if (["CREATED", "ADDED", "OPENED"].some((verb) => type === `${kind}_${verb}`)) ids.add(subjectId as string);
      if (["DELETED", "REMOVED", "CLOSED"].some((verb) => type === `${kind}_${verb}`)) ids.delete(subjectId as string);
    }
    if (release !== undefined && releasePhase !== undefined) {
      const before = releases.get(release.id);
      if (type === "RELEASE_CREATED") assert.equal(before, undefined);
      else assert.ok(NEXT[before ?? ""]?.includes(releasePhase), `${before} became ${releasePhase}`);
      releases.set(release.id, releasePhase);
    }
    if (promotion !== undefined && promotionPhase !== undefined) {
      const before = promotions.get(promotion.id);
      if (type === "PROMOTION_STARTED") assert.equal(before, undefined);
      else assert.notEqual(before, "SUCCEEDED", "nothing follows the success of a promotion");
      assert.equal(promotionPhase === "IN_PROGRESS", type !== "PROMOTION_FINISHED");
      promotions.set(promotion.id, promotionPhase);
      if (target) targets.set(target.id, targetPhase as string);
    }
  }
  return { releases, promotions, targets, there };
}

interface AnsweredRelease {
  readonly id: string;
  readonly version: number;
  readonly phase: string;
  readonly current: boolean;
}

const STATE = `{
  apps(first: 100) { nodes { id deploymentMode coupling { id } reviewApp { pullRequest { number } } currentRelease { id }
    releases(first: 100) { nodes { id version phase current } } } }
  pipelines(first: 100) { nodes { id couplings { id } } }
  promotions(first: 100) { nodes { id phase forced build { id } targets { id phase release { id phase build { id } } checks { passed } } } }
}`;

/** The invariants that always hold. */
async function holds(admin: Client, events: readonly LoggedChange[]): Promise<void> {
  const { apps, pipelines, promotions } = await admin.ask(STATE);
  const log = replay(events);
  const sorted = (ids: Iterable<string>) => [...ids].sort();
  const getIds = (nodes: readonly { id: string }[]) => sorted(nodes.map((node) => node.id));
  assert.deepEqual(getIds(apps.nodes), sorted(log.there.APP));
  assert.deepEqual(getIds(pipelines.nodes), sorted(log.there.PIPELINE));
  const couplings = pipelines.nodes.flatMap((pipeline: { couplings: { id: string }[] }) => pipeline.couplings);
  assert.deepEqual(getIds(couplings), sorted(log.there.COUPLING));
  const reviewApps = apps.nodes.filter((app: { reviewApp: object | null }) => app.reviewApp !== null);
  assert.deepEqual(getIds(reviewApps), sorted(log.there.REVIEW_APP));
  for (const app of apps.nodes) {
    const releases: AnsweredRelease[] = app.releases.nodes;
    assert.deepEqual(
      releases.map((release) => release.version),
      releases.map((_, index) => releases.length - index),
      "versions count 1, 2, 3 …",
    );
    const inPhase = (phase: string) => releases.filter((release) => release.phase === phase);
    assert.ok(inPhase("DEPLOYING").length <= 1, "one deploys at a time");
    assert.ok(inPhase("QUEUED").length <= inPhase("DEPLOYING").length, "one waits, and only behind another");
    if (app.deploymentMode === "IMMEDIATE") assert.equal(inPhase("DEPLOYING").length, 0);
    const [newest] = inPhase("SUCCEEDED");
    assert.equal(app.currentRelease?.id, newest?.id, "current is the newest that succeeded");
    assert.deepEqual(
      releases.filter((release) => release.current),
      newest === undefined ? [] : [newest],
    );
    for (const release of releases) assert.equal(release.phase, log.releases.get(release.id));
  }
  for (const promotion of promotions.nodes) {
    const phases: string[] = promotion.targets.map((target: { phase: string }) => target.phase);
    const succeeded = phases.filter((phase) => phase === "SUCCEEDED").length;
    const underWay = phases.some((phase) => ["QUEUED", "DEPLOYING"].includes(phase));
    const ended = succeeded === phases.length ? "SUCCEEDED" : succeeded === 0 ? "FAILED" : "PARTIALLY_SUCCEEDED";
    assert.equal(promotion.phase, underWay ? "IN_PROGRESS" : ended);
    assert.equal(promotion.phase, log.promotions.get(promotion.id));
    for (const { id, phase, release, checks } of promotion.targets) {
      assert.equal(phase, release.phase);
      assert.equal(phase, log.targets.get(id));
      assert.equal(release.build.id, promotion.build.id, "bit by bit");
      if (!promotion.forced) assert.ok(checks.every((check: { passed: boolean }) => check.passed));
    }
  }
}

describe("any series of changes", () => {
  it("keeps the invariants, writes nothing if refused, and is completely in the log, in order", async (t) => {
    const tally: Tally = {
      ...{ done: 0, refused: 0, skipped: 0 },
      ...{ rolledBack: 0, notRolledBack: 0, lateAccepted: 0, lateRefused: 0 },
      ...{ superseded: 0, outcomes: {} },
    };
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 40, maxLength: 70, size: "max" }), async (steps) => {
        const clock = new Clock();
        const server = await startServer(t, { now: clock.now });
        const clients = { ADMIN: server.admin, OPERATOR: await server.as("OPERATOR") };
        const world = new World();
        const log: LoggedChange[] = await eventsAfter(server.admin, null);
        let state = await getState(server);
        for (const one of [...OPENING, ...steps]) {
          const outcome = await take(server, clock, clients[one.by], one, world, tally);
          tally[outcome] += 1;
          const next = await getState(server);
          const events = await eventsAfter(server.admin, log.at(-1)?.cursor ?? null);
          const what = JSON.stringify(one);
          const changed = next.join("\n") !== state.join("\n");
          if (outcome !== "done") assert.equal(changed, false, `${what} was ${outcome}, and has written`);
          // A refused attempt may append its audit event, and nothing else.
          assert.equal(
            events.some(({ type }) => type !== "ACCESS_DENIED"),
            changed,
            `${what} has written ${changed ? "and told nothing" : "nothing, and told of it"}`,
          );
          world.learn(events);
          if (one.what === "time") world.learnTimeouts(events);
          if (outcome === "done" && (one.what === "build" || one.what === "finish")) {
            const subjects = events.flatMap(({ type, subjectId }) => (type.startsWith("BUILD_") ? [subjectId] : []));
            for (const id of new Set(subjects)) await checkNotForgotten(server.admin, id as string);
          }
          log.push(...events);
          state = next;
        }
        assert.deepEqual(
          log.map((event) => decodeCursor(event.cursor)),
          log.map((_, index) => index + 1),
        );
        await holds(server.admin, log);
        tally.superseded += log.filter(({ releasePhase }) => releasePhase === "SUPERSEDED").length;
        await checkAutoDeploys(server.admin, tally);
        await server.restart();
        assert.deepEqual(await getState(server), state);
        await holds(server.admin, log);
        await server.stop();
      }),
      // Shrinking would run hundreds of further attempts. The seed and the path reproduce a failure.
      { numRuns: RUNS, endOnFailure: true, includeErrorInReport: true, examples: [[QUEUE], [ROLLBACKS], [ORDERS]] },
    );
    for (const what of ["rolledBack", "notRolledBack", "lateAccepted", "lateRefused", "superseded"] as const) {
      assert.ok(tally[what] > 0, `${what}: ${JSON.stringify(tally)}`);
    }
    for (const outcome of ["DEPLOYED", "WAITING", "HELD", "SUPERSEDED", "NOT_NEWER"]) {
      assert.ok((tally.outcomes[outcome] ?? 0) > 0, `${outcome}: ${JSON.stringify(tally)}`);
    }
    assert.ok(tally.done > tally.refused / 2 && tally.refused > 20, JSON.stringify(tally));
  });
});
