import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { describe, it } from "node:test";
import type { Client } from "../../support/clients/client.js";
import { createScopedToken } from "../../support/data/pipeline-fixture.js";
import { type Named, unique } from "../../support/data/seed.js";
import {
  checkRun,
  deliverWebhook,
  type Payload,
  pullRequest,
  reviewApps,
  status,
  withGithub,
} from "../../support/network/github-webhooks.js";
import { ADMIN_SECRET } from "../../support/service/server.js";

const newSha = () => randomBytes(20).toString("hex");

/** A payload of the repository with this id, as GitHub sends it at this second. */
function of(id: number, second: number, payload: Payload): Payload {
  Object.assign(payload.repository, { id, updated_at: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString() });
  return payload;
}

const toRepository = (name: string) => ({ full_name: name, html_url: `https://github.com/${name}` });

function renamed(from: string, to: string): Payload {
  const changes = { repository: { name: { from: from.split("/")[1] } } };
  return { action: "renamed", changes, repository: toRepository(to) };
}

function transferred(from: string, to: string): Payload {
  const changes = { owner: { from: { organization: { login: from.split("/")[0] } } } };
  return { action: "transferred", changes, repository: toRepository(to) };
}

function push(repository: string): Payload {
  return { ref: "refs/heads/main", repository: toRepository(repository) };
}

async function repositoryOfPipeline(admin: Client, { id }: Named): Promise<string> {
  return (await admin.ask("query ($p: ID!) { pipeline(pipeline: $p) { repository } }", { p: id })).pipeline.repository;
}

/** Whether the release of an app can be promoted, or which blockers there are. */
async function gate(admin: Client, app: Named): Promise<string> {
  const query = "query ($i: PromoteInput!) { promotionPlan(input: $i) { promotable blockers { code } } }";
  const { promotionPlan: plan } = await admin.ask(query, { i: { app: app.id } });
  return plan.promotable ? "promotable" : plan.blockers.map((one: { code: string }) => one.code).join();
}

/** How many of the builds that are listed for a repository have its name. */
async function countBuilds(admin: Client, repository: string): Promise<number> {
  const query = "query ($r: String!) { builds(repository: $r, first: 100) { nodes { repository } } }";
  const { nodes } = (await admin.ask(query, { r: repository })).builds;
  return nodes.filter((build: Payload) => build.repository === `github.com/${repository}`).length;
}

async function runningBuild(admin: Client, app: Named): Promise<string | undefined> {
  const query = "query ($a: ID!) { app(app: $a) { currentRelease { build { id } } } }";
  return (await admin.ask(query, { a: app.id })).app.currentRelease?.build.id;
}

/** A server with a pipeline of a repository that GitHub has reported as id 1, with a build and a review app. */
async function seenOnce(t: Parameters<typeof withGithub>[0], options: Parameters<typeof withGithub>[1] = {}) {
  const github = await withGithub(t, options);
  const { server, seed, repository: old } = github;
  const pipeline = await seed.pipeline({ repository: old, reviewAppsEnabled: true });
  const dev = await seed.coupled(pipeline, "DEVELOPMENT");
  await seed.coupled(pipeline, "STAGING", { requiredChecks: ["ci"] });
  const build = await seed.build({ repository: old, branch: "main" });
  const send = (event: string, payload: Payload, id: string = randomUUID()) =>
    deliverWebhook(server.url, event, payload, { id });
  const opened = of(1, 0, pullRequest(old, "opened", { number: 1 }));
  assert.equal((await send("pull_request", opened)).outcome, "done");
  const numbers = async () => (await reviewApps(server.admin, pipeline)).map((one) => one.pullRequest.number);
  return { ...github, old, now: `acme/${unique("new")}`, pipeline, dev, build, send, numbers };
}

describe("a repository that was renamed on GitHub", () => {
  const ways = {
    "its repository event, renamed": (from: string, to: string) => ["repository", renamed(from, to)],
    "its repository event, transferred": (from: string, to: string) => ["repository", transferred(from, to)],
    "any delivery with its id": (_: string, to: string) => ["push", push(to)],
  } as const;
  for (const [way, event] of Object.entries(ways)) {
    it(`is followed with everything that is stored, by ${way}`, async (t) => {
      const { server, admin, seed, old, pipeline, dev, build, send, numbers } = await seenOnce(t);
      const component = null;
      const now = way.endsWith("transferred") ? `other/${old.split("/")[1]}` : `acme/${unique("new")}`;
      const query = "query ($a: ID!) { app(app: $a) { currentRelease { build { repository } } } }";
      const shown = async () => (await admin.ask(query, { a: dev.id })).app.currentRelease.build.repository;
      await send("status", of(1, 1, status(old, build.commit.sha, "lint", "success")));
      assert.equal(await shown(), `github.com/${old}`);
      const [name, payload] = event(old, now);
      const answer = await send(name, of(1, 5, payload));
      assert.deepEqual(
        [answer.outcome, answer.message],
        ["done", `The repository github.com/${old} is github.com/${now} now.`],
      );
      assert.equal(await repositoryOfPipeline(admin, pipeline), `github.com/${now}`);
      assert.equal(await shown(), `github.com/${now}`, "no response of before is cached");
      const { events } = await admin.ask(
        "{ events(last: 1) { nodes { type actor { name } ... on ChangeEvent { summary } } } }",
      );
      assert.deepEqual(events.nodes[0], {
        type: "PIPELINE_UPDATED",
        actor: { name: "railyard" },
        summary: `Pipeline ${pipeline.name}: repository "github.com/${now}", renamed from github.com/${old}`,
      });
      await send("pull_request", of(1, 6, pullRequest(now, "opened", { number: 2 })));
      await send("pull_request", of(1, 7, pullRequest(now, "closed", { number: 1 })));
      assert.deepEqual(await numbers(), [2]);
      await send(
        "check_run",
        of(1, 8, checkRun(now, build.commit.sha, { name: "ci", status: "completed", conclusion: "success" })),
      );
      assert.equal(await gate(admin, dev), "promotable");
      const next = await seed.build({ repository: now, branch: "main" });
      assert.equal(await runningBuild(admin, dev), next.id);
      // CI may still report the former name; GitHub redirects it.
      const another = await seed.build({ repository: old, branch: "main" });
      assert.equal(another.repository, `github.com/${now}`);
      assert.equal(await runningBuild(admin, dev), another.id);
      for (const repository of [old, now]) {
        const list =
          "query ($r: String!) { builds(repository: $r) { nodes { id } } webhookDeliveries(repository: $r) { totalCount } }";
        const found = await admin.ask(list, { r: repository });
        assert.deepEqual(
          found.builds.nodes.map(({ id }: { id: string }) => id),
          [another.id, next.id, build.id],
        );
        assert.equal(found.webhookDeliveries.totalCount, 6);
      }
      const reporter = await createScopedToken(server, "REPORTER", [pipeline]);
      const input = { repository: old, branch: "main", commit: { sha: newSha() }, artifact: "image:1" };
      const mine = await reporter.mutate("createBuild", input, "build { repository }");
      assert.equal(mine.build.repository, `github.com/${now}`);
      const stranger = await createScopedToken(server, "REPORTER", [
        await seed.pipeline({ repository: unique("a/b") }),
      ]);
      assert.equal(
        (await stranger.mutationError("createBuild", input)).message,
        `createBuild requires a repository of the pipelines that this token is restricted to; github.com/${old} is not one of them.`,
        "it does not show where the name leads",
      );
      const platform = await fetch(`${server.url}/apps/${dev.name}/builds`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${ADMIN_SECRET}` },
        body: JSON.stringify({ url: "https://images.test/1", repo: old }),
      });
      const viaPlatform = (await platform.json()) as { id: string };
      const found = await admin.ask("query ($b: ID!) { build(id: $b) { repository component } }", {
        b: viaPlatform.id,
      });
      assert.deepEqual(found.build, { repository: `github.com/${now}`, component });
    });
  }

  it("is followed by its repository event also if nothing of it has arrived before", async (t) => {
    const { server, admin, seed, repository: old } = await withGithub(t);
    const pipeline = await seed.pipeline({ repository: old });
    const now = `acme/${unique("new")}`;
    await deliverWebhook(server.url, "repository", of(1, 5, renamed(old, now)));
    assert.equal(await repositoryOfPipeline(admin, pipeline), `github.com/${now}`);
    const added = await seed.pipeline({ repository: old });
    assert.equal(await repositoryOfPipeline(admin, added), `github.com/${now}`);
  });

  it("is not moved back by deliveries that arrive late or again", async (t) => {
    const { admin, old, now, pipeline, send, numbers } = await seenOnce(t);
    const late = of(1, 3, pullRequest(old, "opened", { number: 3, updated_at: "2026-01-01T00:00:03Z" }));
    await send("repository", of(1, 5, renamed(old, now)));
    assert.equal((await send("pull_request", late)).outcome, "done");
    assert.deepEqual(await numbers(), [1, 3]);
    const closed = of(1, 3, pullRequest(old, "closed", { number: 3, updated_at: "2026-01-01T00:00:09Z" }));
    await send("pull_request", closed);
    // In the order of the pull request, under either name.
    const before = of(1, 9, pullRequest(now, "reopened", { number: 3, updated_at: "2026-01-01T00:00:08Z" }));
    assert.equal((await send("pull_request", before)).outcome, "ignored");
    assert.deepEqual(await numbers(), [1]);
    await send("repository", of(1, 4, renamed(`acme/${unique("older")}`, old)));
    assert.equal(await repositoryOfPipeline(admin, pipeline), `github.com/${now}`);
    await send("push", of(1, 20, push(old)));
    assert.equal(await repositoryOfPipeline(admin, pipeline), `github.com/${old}`, "it was renamed back");
    await send("push", of(1, 15, push(now)));
    assert.equal(await repositoryOfPipeline(admin, pipeline), `github.com/${old}`);
  });

  it("keeps the later of two statuses that were reported under both names", async (t) => {
    const { admin, seed, old, now, send } = await seenOnce(t);
    const sha = newSha();
    const report = (repository: string, context: string, state: string, second: string, id: number) =>
      send("status", of(id, 1, status(repository, sha, context, state, `2026-01-01T00:00:${second}Z`)));
    await report(old, "a", "failure", "01", 1);
    await report(old, "b", "success", "02", 1);
    const unknown = (context: string, state: string, second: string) => {
      const payload = status(now, sha, context, state, `2026-01-01T00:00:${second}Z`);
      payload.repository.id = undefined;
      return send("status", payload);
    };
    await unknown("a", "success", "02");
    await unknown("b", "failure", "01");
    await send("push", of(1, 5, push(now)));
    const build = await seed.build({ repository: now, commit: { sha } });
    const app = await seed.app();
    await seed.release(app, build);
    const query = "query ($a: ID!) { app(app: $a) { currentRelease { statuses { context state } } } }";
    const { statuses } = (await admin.ask(query, { a: app.id })).app.currentRelease;
    assert.deepEqual(statuses, [
      { context: "a", state: "SUCCESS" },
      { context: "b", state: "SUCCESS" },
    ]);
  });

  it("has all builds that are registered while it is renamed", async (t) => {
    const { admin, seed, old, now, send } = await seenOnce(t);
    const builds = Array.from({ length: 20 }, () => seed.build({ repository: old, branch: "main" }));
    const [, ...made] = await Promise.all([send("push", of(1, 5, push(now))), ...builds]);
    assert.equal(await countBuilds(admin, now), made.length + 1);
  });

  it("has all builds and pipelines that are registered while its first delivery says that it was renamed", async (t) => {
    const { server, admin, seed } = await withGithub(t);
    for (let round = 0; round < 5; round += 1) {
      const [from, to] = [`acme/${unique("old")}`, `acme/${unique("new")}`];
      const builds = Array.from({ length: 8 }, () => seed.build({ repository: from, branch: "main" }));
      const pipelines = Array.from({ length: 4 }, () => seed.pipeline({ repository: from }));
      const event = deliverWebhook(server.url, "repository", of(10 + round, 5, renamed(from, to)));
      await Promise.all([...builds, event, ...pipelines]);
      assert.equal(await countBuilds(admin, to), builds.length);
      for (const pipeline of await Promise.all(pipelines)) {
        assert.equal(await repositoryOfPipeline(admin, pipeline), `github.com/${to}`);
      }
    }
  });
});

describe("another repository that has a former name", () => {
  it("is not followed, and its deliveries are kept until a pipeline is set to it", async (t) => {
    const { server, admin, seed, old, now, pipeline, build, dev, send, numbers } = await seenOnce(t);
    await send("repository", of(1, 5, renamed(old, now)));
    const answer = await send("pull_request", of(2, 10, pullRequest(old, "opened", { number: 7 })));
    assert.deepEqual(
      [answer.status, answer.message],
      [
        202,
        `No pipeline has the repository github.com/${old}. It is another repository than github.com/${now}, which had this name before.`,
      ],
    );
    await send(
      "check_run",
      of(2, 10, checkRun(old, build.commit.sha, { name: "ci", status: "completed", conclusion: "success" })),
    );
    assert.deepEqual(await numbers(), [1]);
    assert.notEqual(await gate(admin, dev), "promotable");
    assert.equal((await seed.build({ repository: old })).repository, `github.com/${old}`, "the name is not redirected");
    await send("pull_request", of(1, 11, pullRequest(now, "opened", { number: 2 })));
    assert.deepEqual(await numbers(), [1, 2]);
    const other = await seed.pipeline({ repository: old, reviewAppsEnabled: true });
    assert.equal(await repositoryOfPipeline(admin, other), `github.com/${old}`);
    await server.app.tick();
    await send("pull_request", of(2, 12, pullRequest(old, "opened", { number: 8 })));
    assert.deepEqual(
      (await reviewApps(admin, other)).map((one) => one.pullRequest.number),
      [7, 8],
    );
    assert.deepEqual(await numbers(), [1, 2]);
    assert.equal(await repositoryOfPipeline(admin, pipeline), `github.com/${now}`);
  });

  it("is not followed under the name of a pipeline either, before the pipeline is set to it", async (t) => {
    const { server, admin, old, pipeline, build, dev, send, numbers } = await seenOnce(t);
    const reason = new RegExp(
      `^github.com/${old} is another repository \\(id 2\\) than the one that had this name \\(id 1\\)`,
    );
    const success = of(
      2,
      10,
      checkRun(old, build.commit.sha, { name: "ci", status: "completed", conclusion: "success" }),
    );
    for (const [event, payload] of [
      ["pull_request", of(2, 10, pullRequest(old, "opened", { number: 7 }))],
      ["pull_request", of(2, 10, pullRequest(old, "closed", { number: 1 }))],
      ["check_run", success],
    ] as const) {
      const answer = await send(event, payload);
      assert.equal(answer.status, 202);
      assert.match(answer.message ?? "", reason);
    }
    await server.app.tick();
    assert.deepEqual(await numbers(), [1]);
    assert.notEqual(await gate(admin, dev), "promotable");
    const pending = "{ webhookDeliveries(outcome: PENDING) { nodes { attempts } } }";
    assert.deepEqual((await admin.ask(pending)).webhookDeliveries.nodes, Array(3).fill({ attempts: 1 }));
    const operator = await createScopedToken(server, "OPERATOR", [pipeline]);
    const set = (client: Client) =>
      client.mutate("updatePipeline", { pipeline: pipeline.id, repository: old }, "pipeline { repository }");
    await set(operator);
    await server.app.tick();
    assert.deepEqual(await numbers(), [1], "a limited token does not decide whose name it is");
    assert.equal((await set(admin)).pipeline.repository, `github.com/${old}`);
    await server.app.tick();
    assert.deepEqual(await numbers(), [7]);
    assert.equal(await gate(admin, dev), "promotable");
    assert.deepEqual((await admin.ask(pending)).webhookDeliveries.nodes, []);
  });

  it("is followed by pipelines that use the name only if an administrator says so, with an event for each", async (t) => {
    const { server, admin, seed, old, pipeline, send, numbers } = await seenOnce(t);
    const second = await seed.pipeline({ repository: old });
    await send("pull_request", of(2, 10, pullRequest(old, "opened", { number: 7 })));
    const operator = await server.as("OPERATOR");
    const outcomes = async () => {
      await server.app.tick();
      const { nodes } = (await admin.ask("{ webhookDeliveries(first: 1) { nodes { outcome } } }")).webhookDeliveries;
      return [nodes[0].outcome, await numbers()];
    };
    const third = { name: unique("pipeline"), repository: old };
    await operator.mutate("createPipeline", third, "__typename");
    assert.deepEqual(await outcomes(), ["PENDING", [1]], "createPipeline does not decide for others");
    await admin.mutate("createPipeline", { ...third, name: unique("pipeline") }, "__typename");
    assert.deepEqual(await outcomes(), ["PENDING", [1]], "nor does an administrator's");
    await operator.mutate("updatePipeline", { pipeline: second.id, repository: old }, "__typename");
    const free = await seed.pipeline();
    await operator.mutate("updatePipeline", { pipeline: free.id, repository: old }, "__typename");
    assert.deepEqual(await outcomes(), ["PENDING", [1]]);
    await admin.mutate("updatePipeline", { pipeline: second.id, repository: old }, "__typename");
    assert.deepEqual(await outcomes(), ["APPLIED", [1, 7]]);
    const query =
      "{ events(last: 20, types: [PIPELINE_UPDATED]) { nodes { ... on ChangeEvent { summary pipeline { id } } } } }";
    const summary = /: follows the repository that has the name "github.com\/acme\/[^"]+" now$/;
    const { nodes } = (await admin.ask(query)).events;
    const told = nodes.filter((event: Payload) => summary.test(event.summary));
    const ids = told.map((event: Payload) => event.pipeline.id);
    assert.equal(ids.length, 5);
    for (const { id } of [pipeline, second, free]) assert.ok(ids.includes(id));
  });

  it("is not followed any more once the owner of the name reports again", async (t) => {
    const { server, admin, old, pipeline, send, numbers } = await seenOnce(t);
    await send("pull_request", of(2, 10, pullRequest(old, "opened", { number: 7 })));
    await send("pull_request", of(1, 20, pullRequest(old, "opened", { number: 8 })));
    await admin.mutate("updatePipeline", { pipeline: pipeline.id, repository: old }, "__typename");
    await server.app.tick();
    assert.deepEqual(await numbers(), [1, 8]);
  });

  it("is distinguished from the former owner of the name by the former owner's current name", async (t) => {
    const { old, now, send } = await seenOnce(t);
    await send("repository", of(1, 5, renamed(old, now)));
    await send("push", of(2, 10, push(old)));
    const latest = `acme/${unique("latest")}`;
    await send("repository", of(1, 20, renamed(now, latest)));
    const answer = await send("pull_request", of(2, 30, pullRequest(old, "opened", { number: 9 })));
    assert.match(answer.message ?? "", new RegExp(`another repository than github\\.com/${latest}, which had`));
  });

  it("does not get the deliveries that the former owner of its name sent late", async (t) => {
    const { admin, seed, old, now, send, numbers } = await seenOnce(t);
    await send("repository", of(1, 5, renamed(old, now)));
    await send("push", of(2, 10, push(old)));
    const other = await seed.pipeline({ repository: old, reviewAppsEnabled: true });
    await send("pull_request", of(1, 4, pullRequest(old, "opened", { number: 5, updated_at: "2026-01-01T00:00:04Z" })));
    assert.deepEqual(await numbers(), [1, 5]);
    assert.deepEqual(await reviewApps(admin, other), []);
  });
});
