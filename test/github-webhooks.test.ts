import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import type { Client } from "./support/client.js";
import {
  checkRun,
  deliver,
  EVENTS,
  example,
  inRepository,
  type Payload,
  pullRequest,
  signature,
  status,
  withGithub,
} from "./support/github.js";
import { type Named, Seed, unique } from "./support/seed.js";
import { startServer } from "./support/server.js";

/** The numbers, branches and titles of a pipeline's review apps. */
async function reviewApps(admin: Client, pipeline: Named): Promise<Payload[]> {
  const found = await admin.ask(
    "query ($id: ID!) { pipeline(pipeline: $id) { reviewApps { app { name currentRelease { build { id } } } expiresAt pullRequest { number branch title author url } } } }",
    { id: pipeline.id },
  );
  return found.pipeline.reviewApps;
}

/** What the statuses of a build say, as `context STATE`. */
async function statuses(admin: Client, build: { id: string }): Promise<string[]> {
  const { events } = await admin.ask(
    "{ events(last: 100, types: [BUILD_UPDATED]) { nodes { ... on ChangeEvent { subjectId summary } } } }",
  );
  const mine = events.nodes.filter((event: Payload) => event.subjectId === build.id);
  const last = new Map<string, string>();
  for (const { summary } of mine) {
    const [, context, state] = /^(.+) of [0-9a-f]{7} is (\w+)$/.exec(summary) ?? [];
    last.set(context ?? summary, state ?? "");
  }
  return [...last].map(([context, state]) => `${context} ${state}`).sort();
}

const newSha = () => randomBytes(20).toString("hex");

describe("a webhook's signature", () => {
  it("is answered with a clear 404 where webhooks are off", async (t) => {
    const { url } = await startServer(t);
    const answer = await deliver(url, "ping", example("ping"));
    assert.equal(answer.status, 404);
    assert.equal(answer.errors?.[0]?.extensions.code, "NOT_FOUND");
    assert.match(answer.errors?.[0]?.message ?? "", /GITHUB_WEBHOOK_SECRET/);
  });

  it("must be there and be right, or nothing happens", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const pipeline = await seed.pipeline({ repository, reviewAppsEnabled: true });
    const payload = pullRequest(repository, "opened");
    const body = JSON.stringify(payload);
    const wrong = [
      { secret: "another-secret" },
      { headers: { "x-hub-signature-256": "" } },
      { headers: { "x-hub-signature-256": signature(body).toUpperCase() } },
      { headers: { "x-hub-signature-256": signature(`${body} `) } },
      { headers: { "x-hub-signature-256": signature(body).slice(0, -2) } },
      { headers: { "x-hub-signature-256": signature(body).replace("sha256", "sha1") } },
    ];
    for (const options of wrong) {
      const answer = await deliver(server.url, "pull_request", payload, options);
      assert.equal(answer.status, 401, JSON.stringify(options));
      assert.equal(answer.errors?.[0]?.extensions.code, "UNAUTHENTICATED");
    }
    const empty = await deliver(server.url, "pull_request", "", { headers: { "x-hub-signature-256": signature("") } });
    assert.equal(empty.status, 401);
    assert.deepEqual(await reviewApps(admin, pipeline), []);
    assert.equal((await deliver(server.url, "pull_request", payload)).status, 200);
    assert.equal((await reviewApps(admin, pipeline)).length, 1);
  });

  it("may be made with either of two secrets while one replaces the other", async (t) => {
    const { server } = await withGithub(t, { env: { GITHUB_WEBHOOK_SECRET: "the-new-secret, the-old-secret" } });
    const answers = ["the-new-secret", "the-old-secret", "the-older-secret"].map((secret) =>
      deliver(server.url, "ping", example("ping"), { secret }),
    );
    assert.deepEqual(
      (await Promise.all(answers)).map((answer) => answer.status),
      [200, 200, 401],
    );
  });

  it("is over the bytes of a form as well, the other content type that GitHub offers", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const pipeline = await seed.pipeline({ repository, reviewAppsEnabled: true });
    const body = new URLSearchParams({ payload: JSON.stringify(pullRequest(repository, "opened")) }).toString();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    assert.equal((await deliver(server.url, "pull_request", body, { headers })).outcome, "done");
    assert.equal((await reviewApps(admin, pipeline)).length, 1);
  });
});

describe("a webhook", () => {
  it("is accepted for every event that GitHub has, and ignored where nothing is to be done", async (t) => {
    const { server } = await withGithub(t);
    for (const event of [...EVENTS, "an_event_of_the_future"]) {
      const payload = EVENTS.includes(event) ? example(event) : { anything: true };
      const answer = await deliver(server.url, event, payload);
      assert.equal(answer.status, 200, `${event}: ${JSON.stringify(answer)}`);
      const needed = ["pull_request", "status", "check_run", "check_suite"].includes(event);
      assert.equal(answer.outcome, needed ? "done" : "ignored", event);
    }
  });

  it("may be larger than an operation may be", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const pipeline = await seed.pipeline({ repository, reviewAppsEnabled: true });
    const large = pullRequest(repository, "opened", { body: "x".repeat(1_000_000) });
    assert.equal((await deliver(server.url, "pull_request", large)).status, 200);
    assert.equal((await reviewApps(admin, pipeline)).length, 1);
    const tooLarge = await deliver(server.url, "ping", { zen: "x".repeat(6_000_000) });
    assert.equal(tooLarge.status, 413);
    assert.match(tooLarge.errors?.[0]?.message ?? "", /5242880/);
  });

  it("is refused with a reason where it is not as GitHub makes it, and then has no effect", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const pipeline = await seed.pipeline({ repository, reviewAppsEnabled: true });
    const broken = pullRequest(repository, "opened", { updated_at: "yesterday" });
    const answers = [
      await deliver(server.url, "pull_request", broken),
      await deliver(server.url, "pull_request", "not json"),
      await deliver(server.url, "pull_request", "[]"),
      await deliver(server.url, "status", pullRequest(repository, "opened")),
      await deliver(server.url, "pull_request", pullRequest(repository, "opened"), { id: "" }),
    ];
    for (const answer of answers) {
      assert.equal(answer.status, 400);
      assert.equal(answer.errors?.[0]?.extensions.code, "BAD_USER_INPUT");
    }
    assert.match(answers[0]?.errors?.[0]?.message ?? "", /pull_request\.updated_at/);
    assert.deepEqual(await reviewApps(admin, pipeline), []);
  });

  it("has its effect once however often it is delivered, also across a restart", async (t) => {
    const { server, seed, repository } = await withGithub(t);
    await seed.pipeline({ repository, reviewAppsEnabled: true });
    const payload = pullRequest(repository, "opened");
    const id = randomUUID();
    const first = await Promise.all([1, 2, 3].map(() => deliver(server.url, "pull_request", payload, { id })));
    assert.deepEqual(first.map((answer) => answer.outcome).sort(), ["done", "repeated", "repeated"]);
    const before = await countEvents(server.admin);
    await server.restart();
    assert.equal((await deliver(server.url, "pull_request", payload, { id })).outcome, "repeated");
    assert.equal(await countEvents(server.admin), before);
  });

  it("that was refused is tried anew when it is delivered again", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const build = await seed.build({ repository });
    for (let count = 0; count < 100; count += 1) {
      await admin.mutate("reportStatus", { build: build.id, context: `c${count}`, state: "SUCCESS" }, "__typename");
    }
    const payload = status(repository, build.commit.sha, "ci/build", "success");
    const id = randomUUID();
    for (let time = 0; time < 2; time += 1) {
      const answer = await deliver(server.url, "status", payload, { id });
      assert.equal(answer.status, 400);
      assert.match(answer.errors?.[0]?.message ?? "", /100 contexts/);
    }
  });
});

async function countEvents(admin: Client): Promise<number> {
  const { events } = await admin.ask("{ events(last: 100) { nodes { cursor } } }");
  return events.nodes.length;
}

describe("a pull request on GitHub", () => {
  it("opens, updates and closes the review app, with GitHub's own payloads", async (t) => {
    const { server, admin, seed } = await withGithub(t);
    const pipeline = await seed.pipeline({
      repository: "git@github.com:Codertocat/Hello-World.git",
      reviewAppsEnabled: true,
    });
    await deliver(server.url, "pull_request", example("pull_request", "opened"));
    const [opened] = await reviewApps(admin, pipeline);
    assert.equal(opened.app.name, `${pipeline.name}-pr-2`);
    assert.deepEqual(opened.pullRequest, {
      number: 2,
      branch: "changes",
      title: "Update the README with new information.",
      author: "Codertocat",
      url: "https://github.com/Codertocat/Hello-World/pull/2",
    });
    const renamed = example("pull_request", "labeled");
    Object.assign(renamed, { action: "edited" });
    renamed.pull_request.title = "Another title";
    await deliver(server.url, "pull_request", renamed);
    const [edited] = await reviewApps(admin, pipeline);
    assert.equal(edited.pullRequest.title, "Another title");
    assert.equal(edited.app.name, opened.app.name);
    await deliver(server.url, "pull_request", example("pull_request", "closed"));
    assert.deepEqual(await reviewApps(admin, pipeline), []);
    await deliver(server.url, "pull_request", example("pull_request", "reopened"));
    assert.equal((await reviewApps(admin, pipeline))[0].app.name, opened.app.name);
  });

  it("has a review app that takes after the pipeline's first app in development", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const pipeline = await seed.pipeline({ repository, reviewAppsEnabled: true });
    const model = await seed.coupled(pipeline, "DEVELOPMENT", { deploymentMode: "REPORTED" });
    await admin.mutate("updateApp", { app: model.id, region: "eu-west-1" }, "__typename");
    await seed.coupled(pipeline, "DEVELOPMENT");
    await deliver(server.url, "pull_request", pullRequest(repository, "opened"));
    const { app } = await admin.ask(
      "query ($app: ID!) { app(app: $app) { region deploymentMode coupling { stage } } }",
      {
        app: `${pipeline.name}-pr-2`,
      },
    );
    assert.deepEqual(app, { region: "eu-west-1", deploymentMode: "REPORTED", coupling: { stage: "REVIEW" } });
  });

  it("that was force-pushed runs the newest build of its branch, whatever its history", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const pipeline = await seed.pipeline({ repository, reviewAppsEnabled: true });
    const first = await seed.build({ repository, branch: "changes" });
    await deliver(server.url, "pull_request", pullRequest(repository, "opened"));
    assert.equal((await reviewApps(admin, pipeline))[0].app.currentRelease.build.id, first.id);
    const pushed = pullRequest(repository, "synchronize", { updated_at: "2026-01-01T00:00:00Z" });
    Object.assign(pushed, { before: first.commit.sha, after: newSha(), forced: true });
    await deliver(server.url, "pull_request", pushed);
    const second = await seed.build({ repository, branch: "changes", commit: { sha: pushed.after } });
    assert.equal((await reviewApps(admin, pipeline))[0].app.currentRelease.build.id, second.id);
  });

  it("has a review app in every pipeline of its repository that wants one", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const long = unique("p".repeat(48));
    const one = await seed.pipeline({ repository: `https://github.com/${repository}.git`, reviewAppsEnabled: true });
    const two = await seed.pipeline({ repository, name: long, reviewAppsEnabled: true });
    const unwilling = await seed.pipeline({ repository });
    const other = await seed.pipeline({ repository: `acme/${unique()}`, reviewAppsEnabled: true });
    await deliver(server.url, "pull_request", pullRequest(repository, "opened", { number: 1234567 }));
    const names = await Promise.all(
      [one, two].map(async (pipeline) => (await reviewApps(admin, pipeline))[0].app.name),
    );
    assert.equal(names[0], `${one.name}-pr-1234567`);
    assert.ok(names[1].length <= 63 && names[1].endsWith("-pr-1234567"), names[1]);
    assert.deepEqual(await reviewApps(admin, unwilling), []);
    assert.deepEqual(await reviewApps(admin, other), []);
    await deliver(server.url, "pull_request", pullRequest(repository, "closed", { number: 1234567 }));
    assert.deepEqual(await Promise.all([one, two].map((pipeline) => reviewApps(admin, pipeline))), [[], []]);
  });

  it("that is closed stays closed when an earlier delivery arrives late", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const pipeline = await seed.pipeline({ repository, reviewAppsEnabled: true });
    await deliver(server.url, "pull_request", pullRequest(repository, "closed"));
    const late = await deliver(server.url, "pull_request", pullRequest(repository, "opened"));
    assert.equal(late.outcome, "ignored");
    assert.deepEqual(await reviewApps(admin, pipeline), []);
  });

  it("closes its review app also where review apps were switched off since", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const pipeline = await seed.pipeline({ repository, reviewAppsEnabled: true });
    await deliver(server.url, "pull_request", pullRequest(repository, "opened"));
    await admin.mutate("updatePipeline", { pipeline: pipeline.id, reviewAppsEnabled: false }, "__typename");
    await deliver(server.url, "pull_request", pullRequest(repository, "closed"));
    assert.deepEqual(await reviewApps(admin, pipeline), []);
  });

  it("keeps its review app alive as long as something happens on it", async (t) => {
    let now = new Date("2026-03-01T00:00:00Z");
    const { server, admin, seed, repository } = await withGithub(t, { now: () => now, env: { REVIEW_APP_TTL: "10h" } });
    const pipeline = await seed.pipeline({ repository, reviewAppsEnabled: true });
    await deliver(server.url, "pull_request", pullRequest(repository, "opened"));
    now = new Date("2026-03-01T09:00:00Z");
    await deliver(server.url, "pull_request", pullRequest(repository, "labeled"));
    now = new Date("2026-03-01T18:00:00Z");
    await server.app.tick();
    assert.equal((await reviewApps(admin, pipeline))[0].expiresAt, "2026-03-01T19:00:00.000Z");
    now = new Date("2026-03-01T19:00:00Z");
    await server.app.tick();
    assert.deepEqual(await reviewApps(admin, pipeline), []);
    // A label is no reason to look at the change again; a commit is.
    await deliver(server.url, "pull_request", pullRequest(repository, "labeled"));
    assert.deepEqual(await reviewApps(admin, pipeline), []);
    await deliver(
      server.url,
      "pull_request",
      pullRequest(repository, "synchronize", { updated_at: "2026-03-01T19:00:00Z" }),
    );
    assert.equal((await reviewApps(admin, pipeline)).length, 1);
  });

  it("from a fork has a review app only where forks are allowed, and never the central branch's builds", async (t) => {
    const fork = (repository: string, action: string) =>
      pullRequest(repository, action, { head: { ref: "main", label: "stranger:main", repo: { id: 4711 } } });
    const closed = await withGithub(t);
    const shut = await closed.seed.pipeline({ repository: closed.repository, reviewAppsEnabled: true });
    const refused = await deliver(closed.server.url, "pull_request", fork(closed.repository, "opened"));
    assert.equal(refused.outcome, "ignored");
    assert.deepEqual(await reviewApps(closed.admin, shut), []);

    const open = await withGithub(t, { env: { GITHUB_FORKS: "allow" } });
    const pipeline = await open.seed.pipeline({ repository: open.repository, reviewAppsEnabled: true });
    await open.seed.build({ repository: open.repository, branch: "main" });
    await deliver(open.server.url, "pull_request", fork(open.repository, "opened"));
    const [reviewApp] = await reviewApps(open.admin, pipeline);
    assert.equal(reviewApp.pullRequest.branch, "stranger:main");
    assert.equal(reviewApp.app.currentRelease, null);
    const build = await open.seed.build({ repository: open.repository, branch: "stranger:main" });
    assert.equal((await reviewApps(open.admin, pipeline))[0].app.currentRelease.build.id, build.id);
  });

  it("is told with the words of people, however long or strange", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const pipeline = await seed.pipeline({ repository, reviewAppsEnabled: true });
    const title = `🚀 ${"long ".repeat(200)}\u0000\n`;
    const strange = pullRequest(repository, "opened", { title, user: null, html_url: "javascript:alert(1)" });
    assert.equal((await deliver(server.url, "pull_request", strange)).status, 200);
    const [{ pullRequest: kept }] = await reviewApps(admin, pipeline);
    assert.ok(kept.title.startsWith("🚀 long") && kept.title.length === 256, kept.title);
    assert.deepEqual([kept.author, kept.url], [null, null]);
  });
});

describe("a status on GitHub", () => {
  it("gates promotions like one that was reported here", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const pipeline = await seed.pipeline({ repository });
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const stg = await seed.coupled(pipeline, "STAGING", { requiredChecks: ["ci/build"] });
    const build = await seed.build({ repository, branch: "main" });
    const { sha } = build.commit;
    await deliver(server.url, "status", status(repository, sha, "ci/build", "pending", "2026-01-01T00:00:00Z"));
    const refusal = await admin.refusedMutation("promote", { app: dev.id });
    assert.deepEqual(
      (refusal.extensions.blockers as { code: string }[]).map((blocker) => blocker.code),
      ["CHECK_PENDING"],
    );
    await deliver(
      server.url,
      "status",
      status(repository, sha.toUpperCase(), "ci/build", "success", "2026-01-01T00:01:00Z"),
    );
    // An earlier one that arrives late changes nothing.
    await deliver(server.url, "status", status(repository, sha, "ci/build", "failure", "2026-01-01T00:00:30Z"));
    const { promotion } = await admin.mutate(
      "promote",
      { app: dev.id },
      "promotion { phase release { statuses { context state description targetUrl reportedBy { name role } } } targets { app { id } } }",
    );
    assert.equal(promotion.phase, "SUCCEEDED");
    assert.deepEqual(promotion.targets, [{ app: { id: stg.id } }]);
    assert.deepEqual(promotion.release.statuses, [
      {
        context: "ci/build",
        state: "SUCCESS",
        description: null,
        targetUrl: null,
        reportedBy: { name: "railyard", role: "ADMIN" },
      },
    ]);
  });

  it("is kept for a build that is registered later, which is then released as its checks allow", async (t) => {
    const { server, seed, repository } = await withGithub(t);
    const pipeline = await seed.pipeline({ repository });
    const dev = await seed.coupled(pipeline, "DEVELOPMENT", { requiredChecks: ["ci/build", "ci/lint"] });
    const sha = newSha();
    await deliver(server.url, "status", status(repository, sha, "ci/build", "success"));
    await deliver(
      server.url,
      "check_run",
      checkRun(repository, sha, { name: "ci/lint", status: "completed", conclusion: "success" }),
    );
    await deliver(server.url, "status", status(`acme/${unique()}`, sha, "ci/else", "success"));
    await server.restart();
    const build = await new Seed(server.admin).build({ repository, branch: "main", commit: { sha: sha.slice(0, 12) } });
    assert.deepEqual(await statuses(server.admin, build), ["ci/build SUCCESS", "ci/lint SUCCESS"]);
    const { app } = await server.admin.ask(
      "query ($id: ID!) { app(app: $id) { currentRelease { build { id } trigger createdBy { name } } } }",
      { id: dev.id },
    );
    assert.deepEqual(app.currentRelease, {
      build: { id: build.id },
      trigger: "AUTO_DEPLOY",
      createdBy: { name: "railyard" },
    });
    // What comes after the build finds it by its short hash as well.
    await deliver(server.url, "status", status(repository, sha, "qa/smoke", "failure"));
    assert.deepEqual(
      (await statuses(server.admin, build)).length,
      2,
      "it holds for a release now, and is told of that",
    );
    const { app: after } = await server.admin.ask(
      "query ($id: ID!) { app(app: $id) { currentRelease { statuses { context state } } } }",
      { id: dev.id },
    );
    assert.deepEqual(after.currentRelease.statuses, [
      { context: "ci/build", state: "SUCCESS" },
      { context: "ci/lint", state: "SUCCESS" },
      { context: "qa/smoke", state: "FAILURE" },
    ]);
  });

  it("of a check is what its conclusion says, and a run of the same name elsewhere must be well too", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const build = await seed.build({ repository });
    const { sha } = build.commit;
    const conclusions = [
      "success",
      "neutral",
      "skipped",
      "failure",
      "cancelled",
      "timed_out",
      "action_required",
      "stale",
    ];
    for (const conclusion of conclusions) {
      await deliver(
        server.url,
        "check_run",
        checkRun(repository, sha, { name: conclusion, status: "completed", conclusion }),
      );
    }
    await deliver(
      server.url,
      "check_run",
      checkRun(repository, sha, { name: "begun", status: "in_progress", conclusion: null }),
    );
    assert.deepEqual(await statuses(admin, build), [
      "action_required PENDING",
      "begun PENDING",
      "cancelled ERROR",
      "failure FAILURE",
      "neutral SUCCESS",
      "skipped SUCCESS",
      "stale ERROR",
      "success SUCCESS",
      "timed_out ERROR",
    ]);
    const run = (suite: number, conclusion: string, completed_at: string) =>
      deliver(
        server.url,
        "check_run",
        checkRun(repository, sha, { name: "unit", suite, status: "completed", conclusion, completed_at }),
      );
    const unit = async () => (await statuses(admin, build)).find((one) => one.startsWith("unit "));
    await run(1, "failure", "2026-01-01T00:00:00Z");
    await run(2, "success", "2026-01-01T00:00:01Z");
    assert.equal(await unit(), "unit FAILURE");
    await run(1, "success", "2026-01-01T00:00:02Z");
    assert.equal(await unit(), "unit SUCCESS");
  });

  it("of a check that ends in the second in which it began has ended, in whichever order that arrives", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const build = await seed.build({ repository });
    const { sha } = build.commit;
    const at = "2026-01-01T00:00:00Z";
    await deliver(
      server.url,
      "check_run",
      checkRun(repository, sha, {
        name: "quick",
        status: "completed",
        conclusion: "success",
        started_at: at,
        completed_at: at,
      }),
    );
    await deliver(
      server.url,
      "check_run",
      checkRun(repository, sha, {
        name: "quick",
        status: "in_progress",
        conclusion: null,
        started_at: at,
        completed_at: null,
      }),
    );
    assert.deepEqual(await statuses(admin, build), ["quick SUCCESS"]);
  });

  it("of a whole check suite has the context of its app", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const build = await seed.build({ repository });
    const suite = inRepository(repository, example("check_suite", "completed"));
    Object.assign(suite.check_suite, { head_sha: build.commit.sha });
    suite.check_suite.app.slug = "github-actions";
    await deliver(server.url, "check_suite", suite);
    assert.deepEqual(await statuses(admin, build), ["github-actions SUCCESS"]);
  });

  it("has a context that is made to fit, so that it can be required", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const build = await seed.build({ repository });
    const contexts = ["✅ tests, all (node 20)", `${"long/".repeat(30)}`, "„", "Build & Test"];
    for (const context of contexts) {
      const answer = await deliver(server.url, "status", status(repository, build.commit.sha, context, "success"));
      assert.equal(answer.status, 200, JSON.stringify(answer));
    }
    const fitted = (await statuses(admin, build)).map((one) => one.replace(/ SUCCESS$/, ""));
    assert.deepEqual(fitted, ["Build - Test", "check", "long/".repeat(20), "tests- all (node 20)"]);
    const pipeline = await seed.pipeline();
    await seed.coupled(pipeline, "STAGING", { requiredChecks: fitted });
  });
});
