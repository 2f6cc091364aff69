import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import sql from "sql-template-tag";
import { CommitStatus } from "../../../src/entities/builds/commit-status.js";
import { Seed } from "../../support/data/seed.js";
import { runsPerEngine } from "../../support/database/engine.js";
import {
  checkRun,
  deliverWebhook,
  example,
  inRepository,
  type Payload,
  status,
  statuses,
  withGithub,
} from "../../support/network/github-webhooks.js";
import type { Cleanup } from "../../support/service/server.js";

const newSha = () => randomBytes(20).toString("hex");
const at = (second: number) => `2026-01-01T00:00:${String(second).padStart(2, "0")}Z`;

/** What is reported of a check run: when it started, in seconds, and its conclusion; null while it is in progress. */
interface Report {
  readonly run: number;
  readonly started: number | null;
  readonly conclusion: string | null;
  readonly completed?: number;
  readonly app?: Payload;
}

async function withBuild(t: Cleanup) {
  const github = await withGithub(t);
  const { server, admin, seed, repository } = github;
  const build = await seed.build({ repository });
  const { sha } = build.commit;
  const report = async ({ run, started, conclusion, completed, app }: Report, commit = sha) => {
    const change = {
      ...{ name: "unit", suite: run, conclusion, status: conclusion === null ? "queued" : "completed" },
      started_at: started === null ? null : at(started),
      completed_at: completed === undefined ? null : at(completed),
      ...(app !== undefined && { app }),
    };
    const answer = await deliverWebhook(server.url, "check_run", checkRun(repository, commit, change));
    assert.equal(answer.status, 200, JSON.stringify(answer));
  };
  const unit = async (of = build) => {
    const found = (await statuses(admin, of)).find((one) => one.startsWith("unit "));
    return found?.slice("unit ".length) ?? null;
  };
  return { ...github, build, sha, report, unit };
}

describe("the runs of a check", () => {
  it("believe a completion about its own run, and keep the later time of both", async (t) => {
    const { report, unit } = await withBuild(t);
    await report({ run: 3, started: 9, conclusion: null });
    await report({ run: 3, started: 1, conclusion: "success" });
    assert.equal(await unit(), "SUCCESS");
    await report({ run: 2, started: 5, conclusion: "failure" });
    assert.equal(await unit(), "SUCCESS", "a run that started before does not count again");
    await report({ run: 3, started: 1, conclusion: "failure" });
    assert.equal(await unit(), "FAILURE", "a changed conclusion counts");
    await report({ run: 3, started: 1, conclusion: "action_required" });
    assert.equal(await unit(), "PENDING", "also one that waits for someone");
  });

  it("are reopened by the same run only if it started again later", async (t) => {
    const { report, unit } = await withBuild(t);
    await report({ run: 1, started: 5, conclusion: "failure" });
    for (const started of [null, 4, 5]) {
      await report({ run: 1, started, conclusion: null });
      assert.equal(await unit(), "FAILURE", `created with the start ${started}`);
    }
    await report({ run: 1, started: 6, conclusion: null });
    assert.equal(await unit(), "PENDING");
    await report({ run: 1, started: 6, conclusion: "success" });
    assert.equal(await unit(), "SUCCESS");
  });

  it("are not reopened by another run that is delivered late, or has not started", async (t) => {
    const { report, unit } = await withBuild(t);
    await report({ run: 2, started: 5, conclusion: "success" });
    for (const started of [null, 4, 5]) await report({ run: 1, started, conclusion: null });
    assert.equal(await unit(), "SUCCESS");
    await report({ run: 3, started: 6, conclusion: null });
    assert.equal(await unit(), "PENDING");
  });

  it("are decided by the run that started last, and at the same second by arrival", async (t) => {
    const { report, unit } = await withBuild(t);
    await report({ run: 1, started: null, conclusion: null });
    await report({ run: 2, started: 3, conclusion: "failure" });
    assert.equal(await unit(), "FAILURE", "a run that never started does not count");
    await report({ run: 3, started: 3, conclusion: "success" });
    assert.equal(await unit(), "SUCCESS");
    await report({ run: 4, started: 2, conclusion: "cancelled", completed: 50 });
    assert.equal(await unit(), "SUCCESS", "it was cancelled after the later one had started");
    await report({ run: 5, started: 8, conclusion: null });
    await report({ run: 6, started: 9, conclusion: "success" });
    assert.equal(await unit(), "SUCCESS", "a stuck run does not block a later one");
    await report({ run: 7, started: 10, conclusion: "timed_out" });
    assert.equal(await unit(), "ERROR");
    await report({ run: 8, started: null, conclusion: "success", completed: 20 });
    assert.equal(await unit(), "SUCCESS", "without a start, a completion counts from its end");
  });

  it("of two apps must both pass", async (t) => {
    const { report, unit } = await withBuild(t);
    await report({ run: 1, started: 1, conclusion: "failure", app: { slug: "circleci", name: "CircleCI" } });
    await report({ run: 2, started: 2, conclusion: "success", app: { slug: "jenkins", name: "Jenkins" } });
    assert.equal(await unit(), "FAILURE");
    await report({ run: 3, started: 3, conclusion: "success", app: { slug: "circleci", name: "CircleCI" } });
    await report({ run: 4, started: 4, conclusion: "success", app: null });
    assert.equal(await unit(), "SUCCESS");
  });

  it("count the same in any order of arrival", async (t) => {
    const { seed, repository, report, unit } = await withBuild(t);
    const conclusion = fc.constantFrom("success", "failure", "cancelled", "timed_out", null);
    const runs = fc.array(conclusion, { minLength: 2, maxLength: 3 });
    const STATES: Record<string, string> = { success: "SUCCESS", failure: "FAILURE", null: "PENDING" };
    await fc.assert(
      fc.asyncProperty(runs, fc.array(fc.nat(), { minLength: 6, maxLength: 6 }), async (conclusions, order) => {
        const reports = conclusions.flatMap((conclusion, index): Report[] => {
          const created = { run: index + 1, started: 10 * index, conclusion: null };
          return conclusion === null ? [created] : [created, { ...created, conclusion }];
        });
        const shuffled = reports
          .map((one, index) => ({ one, key: order[index] ?? 0 }))
          .sort((a, b) => a.key - b.key)
          .map(({ one }) => one);
        const build = await seed.build({ repository });
        for (const one of shuffled) await report(one, build.commit.sha);
        assert.equal(await unit(build), STATES[String(conclusions.at(-1))] ?? "ERROR");
      }),
      { numRuns: runsPerEngine(40) },
    );
  });
});

describe("the suites of an app", () => {
  it("must all pass: they may be of different workflows", async (t) => {
    const { server, admin, build, repository } = await withBuild(t);
    const suite = async (id: number, conclusion: string | null, second: number) => {
      const payload = inRepository(repository, example("check_suite", "completed"));
      const change = {
        id,
        conclusion,
        status: conclusion === null ? "requested" : "completed",
        updated_at: at(second),
      };
      Object.assign(payload.check_suite, { ...change, head_sha: build.commit.sha });
      payload.check_suite.app.slug = "github-actions";
      await deliverWebhook(server.url, "check_suite", payload);
      return (await statuses(admin, build))[0];
    };
    for (const conclusion of ["failure", "timed_out", "startup_failure", "cancelled"]) {
      const state = conclusion === "failure" ? "FAILURE" : "ERROR";
      await suite(1, conclusion, 1);
      assert.equal(await suite(2, "success", 2), `github-actions ${state}`, conclusion);
      assert.equal(await suite(1, "success", 3), "github-actions SUCCESS", "it was run again");
      assert.equal(await suite(1, null, 3), "github-actions SUCCESS", "a late delivery does not reopen it");
      await suite(1, conclusion, 4);
      await suite(1, "success", 5);
      await server.app.database.write((tx) => tx.delete(CommitStatus, { repository: `github.com/${repository}` }));
    }
  });
});

describe("a stored status", () => {
  it("fits into the index, with names and slugs of any length", async (t) => {
    const { server, seed, admin, repository } = await withBuild(t);
    const sha = newSha();
    // Random, so that PostgreSQL cannot compress it: 4 bytes for each character.
    const name = Array.from({ length: 5000 }, () =>
      String.fromCodePoint(0x20000 + Math.floor(Math.random() * 0xa000)),
    ).join("");
    const run = { name: `${name}r`, conclusion: "success", status: "completed", app: { slug: name, name } };
    for (const [event, payload] of [
      ["status", status(repository, sha, name, "success")],
      ["check_run", checkRun(repository, sha, run)],
      ["check_run", checkRun(repository, sha, { ...run, suite: 2, app: { slug: "x".repeat(5000), name } })],
    ] as const) {
      const answer = await deliverWebhook(server.url, event, payload);
      assert.equal(answer.status, 200, JSON.stringify(answer));
    }
    const build = await seed.build({ repository, commit: { sha } });
    assert.equal((await statuses(admin, build)).length, 2);
    const rows = await server.app.database.reader.find(CommitStatus, { commitSha: sha });
    assert.ok(rows.every((row) => Buffer.byteLength(row.source) <= 104));
    assert.ok(rows.every((row) => !row.source.includes(name.slice(0, 2))));
  });

  it("is replaced by one whose context has the same normalized name", async (t) => {
    const { server, admin, build, sha, repository } = await withBuild(t);
    await deliverWebhook(server.url, "status", status(repository, sha, "lint all", "failure", at(1)));
    await deliverWebhook(server.url, "status", status(repository, sha, " lint\tall ", "success", at(2)));
    assert.deepEqual(await statuses(admin, build), ["lint all SUCCESS"]);
  });

  it("of an earlier version is replaced by the next report, as every other", async (t) => {
    const { server, repository } = await withBuild(t);
    const sha = newSha();
    const stored = (context: string, source: string, state: "FAILURE" | "SUCCESS", second: number) =>
      Object.assign(new CommitStatus(), {
        ...{ repository: `github.com/${repository}`, commitSha: sha, context, source, state, run: null },
        ...{ name: null, description: null, targetUrl: null, imageUrl: null },
        ...{ saidAt: new Date(at(second)), receivedAt: new Date() },
      });
    await server.app.database.write(async (tx) => {
      await tx.insert(CommitStatus, [
        stored("ci/build", "status ci/build", "FAILURE", 1),
        stored("lint all", "status lint all", "FAILURE", 1),
        stored("lint all", "status lint\tall", "SUCCESS", 2),
        stored("unit", "run ci unit", "FAILURE", 1),
        stored("e2e", "run  e2e", "FAILURE", 1),
        stored("github-actions", "suite 7", "SUCCESS", 1),
      ]);
      // The next start runs the migration again.
      await tx.execute("forget_migration", sql`DELETE FROM migrations WHERE name LIKE 'StatusSources%'`);
    });
    await server.restart();
    const rows = await server.app.database.reader.find(CommitStatus, { commitSha: sha }, { order: "context" });
    assert.deepEqual(
      rows.map(({ context, source, state }) => `${context}: ${source} ${state}`),
      [
        "ci/build: status FAILURE",
        "e2e: run FAILURE",
        "github-actions: suite 7 SUCCESS",
        "lint all: status SUCCESS",
        "unit: run ci FAILURE",
      ],
    );
    await deliverWebhook(server.url, "status", status(repository, sha, "ci/build", "success", at(3)));
    const unit = { name: "unit", conclusion: "success", status: "completed", started_at: at(3) };
    await deliverWebhook(server.url, "check_run", checkRun(repository, sha, unit));
    const build = await new Seed(server.admin).build({ repository, commit: { sha } });
    const expected = ["ci/build SUCCESS", "e2e FAILURE", "github-actions SUCCESS", "lint all SUCCESS", "unit SUCCESS"];
    assert.deepEqual(await statuses(server.admin, build), expected);
  });
});
