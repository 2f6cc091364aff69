import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import { unique } from "../../support/data/seed.js";
import { deliverWebhook, example, pullRequest, reviewApps, withGithub } from "../../support/network/github-webhooks.js";

const newSha = () => randomBytes(20).toString("hex");

describe("a pull request on GitHub", () => {
  it("opens, updates and closes the review app, with real payloads", async (t) => {
    const { server, admin, seed } = await withGithub(t);
    const pipeline = await seed.pipeline({
      repository: "git@github.com:Codertocat/Hello-World.git",
      reviewAppsEnabled: true,
    });
    await deliverWebhook(server.url, "pull_request", example("pull_request", "opened"));
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
    await deliverWebhook(server.url, "pull_request", renamed);
    const [edited] = await reviewApps(admin, pipeline);
    assert.equal(edited.pullRequest.title, "Another title");
    assert.equal(edited.app.name, opened.app.name);
    await deliverWebhook(server.url, "pull_request", example("pull_request", "closed"));
    assert.deepEqual(await reviewApps(admin, pipeline), []);
    const reopened = example("pull_request", "reopened");
    reopened.pull_request.updated_at = "2026-01-01T00:00:00Z";
    await deliverWebhook(server.url, "pull_request", reopened);
    assert.equal((await reviewApps(admin, pipeline))[0].app.name, opened.app.name);
  });

  it("has a review app modeled on the pipeline's first app in development", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const pipeline = await seed.pipeline({ repository, reviewAppsEnabled: true });
    const model = await seed.coupled(pipeline, "DEVELOPMENT", { deploymentMode: "REPORTED" });
    await admin.mutate("updateApp", { app: model.id, region: "eu-west-1" }, "__typename");
    await seed.coupled(pipeline, "DEVELOPMENT");
    await deliverWebhook(server.url, "pull_request", pullRequest(repository, "opened"));
    const { app } = await admin.ask(
      "query ($app: ID!) { app(app: $app) { region deploymentMode coupling { stage } } }",
      {
        app: `${pipeline.name}-pr-2`,
      },
    );
    assert.deepEqual(app, { region: "eu-west-1", deploymentMode: "REPORTED", coupling: { stage: "REVIEW" } });
  });

  it("gets the newest build of its branch after a force push, regardless of its history", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const pipeline = await seed.pipeline({ repository, reviewAppsEnabled: true });
    const first = await seed.build({ repository, branch: "changes" });
    await deliverWebhook(server.url, "pull_request", pullRequest(repository, "opened"));
    assert.equal((await reviewApps(admin, pipeline))[0].app.currentRelease.build.id, first.id);
    const pushed = pullRequest(repository, "synchronize", { updated_at: "2026-01-01T00:00:00Z" });
    Object.assign(pushed, { before: first.commit.sha, after: newSha(), forced: true });
    await deliverWebhook(server.url, "pull_request", pushed);
    const second = await seed.build({ repository, branch: "changes", commit: { sha: pushed.after } });
    assert.equal((await reviewApps(admin, pipeline))[0].app.currentRelease.build.id, second.id);
  });

  it("has a review app in every pipeline of its repository with review apps enabled", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const long = unique("p".repeat(48));
    const one = await seed.pipeline({ repository: `https://github.com/${repository}.git`, reviewAppsEnabled: true });
    const two = await seed.pipeline({ repository, name: long, reviewAppsEnabled: true });
    const unwilling = await seed.pipeline({ repository });
    const other = await seed.pipeline({ repository: `acme/${unique()}`, reviewAppsEnabled: true });
    await deliverWebhook(server.url, "pull_request", pullRequest(repository, "opened", { number: 1234567 }));
    const names = await Promise.all(
      [one, two].map(async (pipeline) => (await reviewApps(admin, pipeline))[0].app.name),
    );
    assert.equal(names[0], `${one.name}-pr-1234567`);
    assert.ok(names[1].length <= 63 && names[1].endsWith("-pr-1234567"), names[1]);
    assert.deepEqual(await reviewApps(admin, unwilling), []);
    assert.deepEqual(await reviewApps(admin, other), []);
    await deliverWebhook(server.url, "pull_request", pullRequest(repository, "closed", { number: 1234567 }));
    assert.deepEqual(await Promise.all([one, two].map((pipeline) => reviewApps(admin, pipeline))), [[], []]);
  });

  it("has one effect and one event if it is delivered twice at once", async (t) => {
    const now = new Date("2026-03-01T00:00:00Z");
    const { server, admin, seed, repository } = await withGithub(t, { now: () => now });
    await seed.pipeline({ repository, reviewAppsEnabled: true });
    const events = async () => (await admin.ask("{ events(last: 100) { nodes { type } } }")).events.nodes;
    await deliverWebhook(server.url, "pull_request", pullRequest(repository, "opened"));
    const before = await events();
    await deliverWebhook(server.url, "pull_request", pullRequest(repository, "opened"));
    assert.deepEqual(await events(), before);
    await deliverWebhook(server.url, "pull_request", pullRequest(repository, "opened", { title: "Another" }));
    assert.equal((await events()).at(-1).type, "APP_UPDATED");
  });

  it("stays closed if an earlier delivery arrives late", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const pipeline = await seed.pipeline({ repository, reviewAppsEnabled: true });
    await deliverWebhook(server.url, "pull_request", pullRequest(repository, "closed"));
    const late = await deliverWebhook(server.url, "pull_request", pullRequest(repository, "opened"));
    assert.equal(late.outcome, "ignored");
    assert.deepEqual(await reviewApps(admin, pipeline), []);
  });

  for (const [second, name] of [
    ["09", "before"],
    ["10", "in the same second as"],
  ] as const) {
    for (const action of ["opened", "reopened", "synchronize", "labeled"]) {
      it(`stays closed if ${action} of ${name} its closing arrives late, also again`, async (t) => {
        const { server, admin, seed, repository } = await withGithub(t);
        const pipeline = await seed.pipeline({ repository, reviewAppsEnabled: true });
        const send = (action: string, second: string, id?: string) => {
          const payload = pullRequest(repository, action, { number: 2, updated_at: `2026-01-01T00:00:${second}Z` });
          return deliverWebhook(server.url, "pull_request", payload, id === undefined ? {} : { id });
        };
        const opening = randomUUID();
        const late = randomUUID();
        await send("opened", "00", opening);
        await send("closed", "10");
        for (let time = 0; time < 2; time += 1) {
          const answer = await send(action, second, late);
          assert.deepEqual([answer.status, answer.outcome], [200, "ignored"]);
          assert.equal(answer.message, "The pull request was closed at that time or later.");
        }
        assert.equal((await send("opened", "00", opening)).outcome, "repeated");
        assert.deepEqual(await reviewApps(admin, pipeline), []);
        await send("reopened", "20");
        assert.equal((await send("closed", "10")).message, "The pull request has changed later.");
        assert.equal((await reviewApps(admin, pipeline)).length, 1, "a late closing does not close what was reopened");
      });
    }
  }

  it("closes its review app also if review apps have been disabled since", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const pipeline = await seed.pipeline({ repository, reviewAppsEnabled: true });
    await deliverWebhook(server.url, "pull_request", pullRequest(repository, "opened"));
    await admin.mutate("updatePipeline", { pipeline: pipeline.id, reviewAppsEnabled: false }, "__typename");
    await deliverWebhook(server.url, "pull_request", pullRequest(repository, "closed"));
    assert.deepEqual(await reviewApps(admin, pipeline), []);
  });

  it("runs builds of its head commit only, also where an earlier one had a branch of the same name", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const pipeline = await seed.pipeline({ repository, reviewAppsEnabled: true });
    const [first, second] = [newSha(), newSha()];
    const running = async () => (await reviewApps(admin, pipeline))[0].app.currentRelease?.build.id ?? null;
    const send = (action: string, sha: string, updated_at: string, number = 1) =>
      deliverWebhook(
        server.url,
        "pull_request",
        pullRequest(repository, action, { number, updated_at, head: { sha } }),
      );
    const build = (sha: string) => seed.build({ repository, branch: "changes", commit: { sha } });
    await send("opened", first, "2026-01-01T00:00:00Z");
    const old = await build(first);
    assert.equal(await running(), old.id);
    await send("synchronize", second, "2026-01-01T00:00:10Z");
    await build(first);
    assert.equal(await running(), old.id, "a slow build of the commit before is not deployed");
    const head = await build(second);
    assert.equal(await running(), head.id);
    await send("closed", second, "2026-01-01T00:00:20Z");
    await send("reopened", second, "2026-01-01T00:00:20Z");
    assert.deepEqual(await reviewApps(admin, pipeline), [], "in the same second, closed wins");
    await send("opened", newSha(), "2026-01-01T00:00:30Z", 2);
    assert.equal(await running(), null, "builds of the closed pull request are not deployed");
  });

  it("gets the build of its head again after a force push back to it, in any order of arrival", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const pipeline = await seed.pipeline({ repository, reviewAppsEnabled: true });
    const [first, second] = [newSha(), newSha()];
    const running = async () => (await reviewApps(admin, pipeline))[0].app.currentRelease?.build.id ?? null;
    const push = (action: string, sha: string, second: number) => {
      const updated_at = `2026-01-01T00:00:${second + 10}Z`;
      return deliverWebhook(server.url, "pull_request", pullRequest(repository, action, { updated_at, head: { sha } }));
    };
    const build = (sha: string) => seed.build({ repository, branch: "changes", commit: { sha } });
    await push("opened", first, 0);
    const old = await build(first);
    await push("synchronize", second, 1);
    const head = await build(second);
    assert.equal(await running(), head.id);
    await push("synchronize", first, 3);
    assert.equal(await running(), old.id);
    await push("synchronize", second, 2);
    assert.equal(await running(), old.id, "a push that is delivered late does not move the head");
    await push("labeled", first, 4);
    assert.equal(await running(), old.id);
  });

  it("from a fork gets the builds of its head commit, under any name of the branch", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t, { env: { GITHUB_FORKS: "allow" } });
    const pipeline = await seed.pipeline({ repository, reviewAppsEnabled: true });
    const sha = newSha();
    const head = { ref: "patch-1", label: "stranger:patch-1", repo: { id: 4711 }, sha };
    await deliverWebhook(server.url, "pull_request", pullRequest(repository, "opened", { head }));
    const running = async () => (await reviewApps(admin, pipeline))[0].app.currentRelease?.build.id ?? null;
    await seed.build({ repository, branch: "stranger:patch-1" });
    await seed.build({ repository, branch: "patch-1" });
    assert.equal(await running(), null);
    for (const branch of ["patch-1", "stranger:patch-1", "pull/7/merge"]) {
      const build = await seed.build({ repository, branch, commit: { sha } });
      assert.equal(await running(), build.id, branch);
    }
  });

  it("keeps its review app alive as long as something happens on it", async (t) => {
    let now = new Date("2026-03-01T00:00:00Z");
    const { server, admin, seed, repository } = await withGithub(t, { now: () => now, env: { REVIEW_APP_TTL: "10h" } });
    const pipeline = await seed.pipeline({ repository, reviewAppsEnabled: true });
    await deliverWebhook(server.url, "pull_request", pullRequest(repository, "opened"));
    now = new Date("2026-03-01T09:00:00Z");
    await deliverWebhook(server.url, "pull_request", pullRequest(repository, "labeled"));
    now = new Date("2026-03-01T18:00:00Z");
    await server.app.tick();
    assert.equal((await reviewApps(admin, pipeline))[0].expiresAt, "2026-03-01T19:00:00.000Z");
    now = new Date("2026-03-01T19:00:00Z");
    await server.app.tick();
    assert.deepEqual(await reviewApps(admin, pipeline), []);
    // A label does not count as activity; a commit does.
    await deliverWebhook(server.url, "pull_request", pullRequest(repository, "labeled"));
    assert.deepEqual(await reviewApps(admin, pipeline), []);
    await deliverWebhook(
      server.url,
      "pull_request",
      pullRequest(repository, "synchronize", { updated_at: "2026-03-01T19:00:00Z" }),
    );
    assert.equal((await reviewApps(admin, pipeline)).length, 1);
  });

  it("from a fork has a review app only if forks are allowed, and never builds of the main branch", async (t) => {
    const fork = (repository: string, action: string) =>
      pullRequest(repository, action, { head: { ref: "main", label: "stranger:main", repo: { id: 4711 } } });
    const closed = await withGithub(t);
    const shut = await closed.seed.pipeline({ repository: closed.repository, reviewAppsEnabled: true });
    const refused = await deliverWebhook(closed.server.url, "pull_request", fork(closed.repository, "opened"));
    assert.equal(refused.outcome, "ignored");
    assert.deepEqual(await reviewApps(closed.admin, shut), []);
    // A review app that was opened manually, or while forks were allowed, is still closed.
    const pullRequestOfFork = { number: 2, branch: "stranger:main" };
    await closed.admin.mutate("openReviewApp", { pipeline: shut.id, pullRequest: pullRequestOfFork }, "__typename");
    await deliverWebhook(closed.server.url, "pull_request", fork(closed.repository, "closed"));
    assert.deepEqual(await reviewApps(closed.admin, shut), []);

    const open = await withGithub(t, { env: { GITHUB_FORKS: "allow" } });
    const pipeline = await open.seed.pipeline({ repository: open.repository, reviewAppsEnabled: true });
    await open.seed.build({ repository: open.repository, branch: "main" });
    await deliverWebhook(open.server.url, "pull_request", fork(open.repository, "opened"));
    const [reviewApp] = await reviewApps(open.admin, pipeline);
    assert.equal(reviewApp.pullRequest.branch, "stranger:main");
    assert.equal(reviewApp.app.currentRelease, null);
    const build = await open.seed.build({ repository: open.repository, branch: "stranger:main" });
    assert.equal((await reviewApps(open.admin, pipeline))[0].app.currentRelease.build.id, build.id);
  });

  it("accepts titles and authors of any length and characters", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const pipeline = await seed.pipeline({ repository, reviewAppsEnabled: true });
    const title = `🚀 ${"long ".repeat(200)}\u0000\n`;
    const strange = pullRequest(repository, "opened", { title, user: null, html_url: "javascript:alert(1)" });
    assert.equal((await deliverWebhook(server.url, "pull_request", strange)).status, 200);
    const [{ pullRequest: kept }] = await reviewApps(admin, pipeline);
    assert.ok(kept.title.startsWith("🚀 long") && kept.title.length === 256, kept.title);
    assert.deepEqual([kept.author, kept.url], [null, null]);
  });
});
