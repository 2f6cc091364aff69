import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Client } from "../../support/clients/client.js";
import { Seed, unique } from "../../support/data/seed.js";
import { pickOne, readLog, startInstances } from "../../support/service/instances.js";
import { onlyOn } from "../../support/service/server.js";

describe("two instances on one database", onlyOn("postgres"), () => {
  it("create a unique object once, and answer CONFLICT to the others with a proper message", async (t) => {
    const clients = (await startInstances(t, 2)).map((instance) => instance.admin);
    const seed = new Seed(clients[0] as Client);
    for (let round = 0; round < 5; round += 1) {
      const name = unique("shared");
      await createOnce(clients, "createApp", { name }, "app { id }", `There is already an app ${name}`);
      await createOnce(clients, "createPipeline", { name }, "pipeline { id }", `There is already a pipeline ${name}`);
      const app = await seed.app();
      const pipelines = [await seed.pipeline(), await seed.pipeline()];
      const answers = await Promise.allSettled(
        Array.from({ length: 8 }, (_, index) => {
          const input = { pipeline: pipelines[index % 2]?.id, app: app.id, stage: "STAGING" };
          return (clients[index % 2] as Client).mutate("addCoupling", input, "coupling { id }");
        }),
      );
      assert.equal(answers.filter((answer) => answer.status === "fulfilled").length, 1);
      const reasons = answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason.message] : []));
      for (const reason of reasons) assert.match(reason, /^CONFLICT: .* an app is in one pipeline at most/);
    }
  });

  it("keep one status for a context that is first reported through both", async (t) => {
    const clients = (await startInstances(t, 2)).map((instance) => instance.admin);
    const seed = new Seed(clients[0] as Client);
    const build = await seed.build();
    await Promise.all(
      Array.from({ length: 20 }, () => {
        const state = pickOne(["SUCCESS", "FAILURE", "PENDING"]);
        return pickOne(clients).mutate("reportStatus", { build: build.id, context: "ci", state }, "status { id }");
      }),
    );
    const release = await seed.release(await seed.app(), build);
    const answer = await seed.client.ask("query ($id: ID!) { release(id: $id) { statuses { context } } }", {
      id: release.id,
    });
    assert.deepEqual(answer.release.statuses, [{ context: "ci" }]);
  });

  it("run a mutation once that is sent to both with the same key", async (t) => {
    const clients = (await startInstances(t, 2)).map((instance) => instance.admin);
    const seed = new Seed(clients[0] as Client);
    const build = await seed.build();
    for (let round = 0; round < 5; round += 1) {
      const app = await seed.app();
      const input = { app: app.id, build: build.id, idempotencyKey: unique("key") };
      const answers = await Promise.all(
        Array.from({ length: 24 }, (_, index) =>
          (clients[index % 2] as Client).mutate("createRelease", input, "release { id version }"),
        ),
      );
      assert.equal(new Set(answers.map((answer) => answer.release.id)).size, 1);
      const count = "query ($app: ID!) { app(app: $app) { releases { totalCount } } }";
      assert.equal((await pickOne(clients).ask(count, { app: app.id })).app.releases.totalCount, 1);
      const reused = await pickOne(clients).mutationError("createRelease", { ...input, description: "another" });
      assert.equal(reused.extensions.code, "IDEMPOTENCY_KEY_REUSED");
    }
  });

  it("both reject a token as soon as one has revoked it", async (t) => {
    const [a, b] = await startInstances(t, 2);
    const made = await a?.admin.mutate("createToken", { name: "a bot", role: "VIEWER" }, "token { id } secret");
    const there = new Client(b?.url ?? "", made.secret);
    assert.equal((await there.ask("{ viewer { name } }")).viewer.name, "a bot");
    await a?.admin.mutate("revokeToken", { token: made.token.id }, "token { id }");
    assert.equal((await there.queryError("{ viewer { name } }")).extensions.code, "UNAUTHENTICATED");
  });

  it("run a due time-based task once", async (t) => {
    let ahead = 0;
    const now = () => new Date(Date.now() + ahead);
    const instances = await startInstances(t, 3, { now });
    const client = instances[0]?.admin as Client;
    const seed = new Seed(client);
    const pipeline = await seed.pipeline({ reviewAppsEnabled: true });
    const overdue = [];
    for (let index = 0; index < 5; index += 1) {
      const app = await seed.app({ deploymentMode: "REPORTED" });
      overdue.push(await seed.release(app));
      const pullRequest = { number: index + 1, branch: `change-${index}` };
      await client.mutate("openReviewApp", { pipeline: pipeline.id, pullRequest }, "reviewApp { expiresAt }");
    }
    const { cursor } = await readLog(client);
    ahead = 80 * 3_600_000;
    await Promise.all(instances.map((instance) => instance.app.tick()));
    const { events } = await readLog(client, cursor);
    const failed = events.filter((event) => event.type === "RELEASE_PHASE_CHANGED").map((event) => event.release?.id);
    assert.deepEqual(failed.sort(), overdue.map((release) => release.id).sort());
    assert.equal(events.filter((event) => event.type === "REVIEW_APP_CLOSED").length, 5);
  });

  it("release only the newest build of a branch last", async (t) => {
    const clients = (await startInstances(t, 2)).map((instance) => instance.admin);
    const seed = new Seed(clients[0] as Client);
    const repository = `github.com/tests/${unique("repo")}`;
    const pipeline = await seed.pipeline({ repository });
    const app = await seed.coupled(pipeline, "DEVELOPMENT");
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        new Seed(clients[index % 2] as Client).build({ repository, branch: "main" }),
      ),
    );
    const { app: after } = await seed.client.ask(
      "query ($app: ID!) { app(app: $app) { releases(last: 100) { nodes { version build { id } } } } }",
      { app: app.id },
    );
    const builds = after.releases.nodes.map((release: { build: { id: string } }) => release.build.id);
    const listed = await seed.client.ask("query ($r: String!) { builds(repository: $r, first: 20) { nodes { id } } }", {
      r: repository,
    });
    const newestFirst: string[] = listed.builds.nodes.map((build: { id: string }) => build.id);
    const released = newestFirst.filter((id) => builds.includes(id));
    assert.deepEqual(builds, released, "an older build never comes after a newer one");
    assert.equal(builds[0], newestFirst[0]);
    assert.equal(builds.length, 20, "no build is skipped: each was the newest when it was registered");
  });
});

async function createOnce(clients: readonly Client[], name: string, input: object, selection: string, refusal: string) {
  const answers = await Promise.allSettled(
    Array.from({ length: 8 }, (_, index) => (clients[index % 2] as Client).mutate(name, input, selection)),
  );
  assert.equal(answers.filter((answer) => answer.status === "fulfilled").length, 1);
  for (const answer of answers) {
    if (answer.status === "rejected")
      assert.ok(answer.reason.message.startsWith(`CONFLICT: ${refusal}`), answer.reason.message);
  }
}
