import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { Client } from "../../support/clients/client.js";
import { buildsOn, type Named, Seed, type SeededBuild, unique } from "../../support/data/seed.js";
import { startServer } from "../../support/service/server.js";

const server = await startServer({ after });
const { admin } = server;
const seed = new Seed(admin);

const QUERY = "query ($id: ID!) { build(id: $id) { autoDeploys { outcome message coupling { app { name } } } } }";

interface Explained {
  readonly outcome: string;
  readonly message: string;
}

/** The explanations of a build by the name of the app. */
async function explain({ id }: { readonly id: string }, client = admin): Promise<ReadonlyMap<string, Explained>> {
  const { build } = await client.ask(QUERY, { id });
  return new Map(
    build.autoDeploys.map(({ coupling, outcome, message }: Explained & { coupling: { app: Named } }) => [
      coupling.app.name,
      { outcome, message },
    ]),
  );
}

const outcome = async (build: SeededBuild, app: Named) => (await explain(build)).get(app.name) ?? null;

async function followed(requiredChecks: string[] = [], input: object = {}) {
  const repository = `github.com/tests/${unique("repo")}`;
  const pipeline = await seed.pipeline({ repository, ...input });
  const app = await seed.coupled(pipeline, "DEVELOPMENT", { requiredChecks });
  const build = (more: object = {}) => seed.build({ repository, branch: "main", ...more });
  const pending = () => build({ phase: "PENDING", artifact: null });
  return { repository, pipeline, app, build, pending };
}

const report = (build: SeededBuild, context: string, state: string) =>
  admin.mutate("reportStatus", { build: build.id, context, state }, "__typename");
const finish = (build: SeededBuild, input: object) =>
  admin.mutate("updateBuild", { build: build.id, ...input }, "__typename");
const short = (build: SeededBuild) => build.commit.sha.slice(0, 7);

describe("Build.autoDeploys", () => {
  it("is DEPLOYED with the version, also if a person released the build", async () => {
    const { app, build } = await followed();
    const first = await build();
    assert.deepEqual(await outcome(first, app), { outcome: "DEPLOYED", message: "Released as v1." });
    await build();
    await seed.release(app, first);
    assert.deepEqual(await outcome(first, app), { outcome: "DEPLOYED", message: "Released as v3." });
  });

  it("is WAITING for the build itself and for each required check", async () => {
    const { app, pending } = await followed(["ci", "qa", "scan"]);
    const build = await pending();
    await report(build, "ci", "SUCCESS");
    await report(build, "qa", "PENDING");
    assert.deepEqual(await outcome(build, app), {
      outcome: "WAITING",
      message: "Waits for the build, which is pending; qa, which is still pending; scan, which was never reported.",
    });
    await finish(build, { phase: "FAILED" });
    await report(build, "scan", "FAILURE");
    assert.deepEqual(await outcome(build, app), {
      outcome: "WAITING",
      message: "Waits for the build, which failed; qa, which is still pending; scan, which reported a failure.",
    });
    await finish(build, { phase: "SUCCEEDED", artifact: "image" });
    for (const context of ["qa", "scan"]) await report(build, context, "SUCCESS");
    assert.equal((await outcome(build, app))?.outcome, "DEPLOYED");
  });

  it("is HELD after a rollback, and names who rolled back", async () => {
    const { app, build } = await followed();
    const [first, second] = [await build(), await build()];
    const operator = await server.as("OPERATOR");
    await operator.mutate("rollback", { app: app.id }, "__typename");
    const third = await build();
    const { viewer } = await operator.ask("{ viewer { name } }");
    assert.deepEqual(await outcome(third, app), {
      outcome: "HELD",
      message: `${viewer.name} rolled the app back with v3. Automatic deploys are held until the next release or promotion to the app.`,
    });
    assert.equal((await outcome(first, app))?.outcome, "DEPLOYED");
    assert.equal((await outcome(second, app))?.outcome, "DEPLOYED");
  });

  it("is SUPERSEDED by a newer build that was registered later, whether or not it still waits", async () => {
    const { app, build, pending } = await followed();
    const [slow, failed] = [await pending(), await pending()];
    await finish(failed, { phase: "FAILED" });
    await build({ commit: { sha: "a".repeat(40) } });
    const newest = await build({ sequence: 12 });
    const message = `The newer build of run 12 of commit ${short(newest)} was released as v2.`;
    assert.deepEqual(await outcome(failed, app), { outcome: "SUPERSEDED", message });
    await finish(slow, { phase: "SUCCEEDED", artifact: "image" });
    assert.deepEqual(await outcome(slow, app), { outcome: "SUPERSEDED", message });
  });

  it("is NOT_NEWER for a late build of an older commit, by run number, time or first registration", async () => {
    const at = (committedAt: string) => ({ sha: unique().slice(2).padEnd(40, "0"), committedAt });
    const cases: [object, object][] = [
      [{ sequence: 5 }, { sequence: 4 }],
      [{ commit: at("2026-01-02T00:00:00Z") }, { commit: at("2026-01-01T00:00:00Z") }],
    ];
    for (const [newer, older] of cases) {
      const { app, build } = await followed();
      const deployed = await build(newer);
      const late = await outcome(await build(older), app);
      assert.equal(late?.outcome, "NOT_NEWER");
      assert.match(late?.message ?? "", new RegExp(`commit ${short(deployed)} was released as v1\\.$`));
    }
    const { app, build } = await followed();
    const commit = { sha: "b".repeat(40) };
    await build({ commit });
    const second = await build();
    const rerun = await build({ commit });
    assert.deepEqual(await outcome(rerun, app), {
      outcome: "NOT_NEWER",
      message: `The newer build of commit ${short(second)} was released as v2.`,
    });
  });

  it("is NOT_NEWER if the build passed before the app followed it, or while deploys were held", async () => {
    const { pipeline, app, build } = await followed();
    await build();
    const made = await build();
    const late = await seed.coupled(pipeline, "DEVELOPMENT");
    const message =
      "It passed while the app did not follow it, or while automatic deploys were held. Only builds that pass later are deployed; createRelease deploys this one.";
    assert.deepEqual(await outcome(made, late), { outcome: "NOT_NEWER", message });
    await admin.mutate("rollback", { app: app.id }, "__typename");
    const held = await build();
    await seed.release(app, undefined, { force: true, reason: "a build of another repository" });
    assert.deepEqual(await outcome(held, app), { outcome: "NOT_NEWER", message });
  });

  it("lists exactly the apps that follow the branch or the commit, in the order in which they were added", async () => {
    const { pipeline, app, build } = await followed([], { reviewAppsEnabled: true });
    const second = await seed.coupled(pipeline, "DEVELOPMENT");
    await seed.coupled(pipeline, "DEVELOPMENT", { autoDeploy: false });
    await seed.coupled(pipeline, "STAGING");
    const made = await build();
    const head = made.commit.sha;
    const open = async (pullRequest: object): Promise<Named> =>
      (await admin.mutate("openReviewApp", { pipeline: pipeline.id, pullRequest }, "reviewApp { app { id name } }"))
        .reviewApp.app;
    const review = await open({ number: 1, branch: "feature", headSha: head });
    const other = await open({ number: 2, branch: "main", headSha: "c".repeat(40) });
    const byBranch = await open({ number: 3, branch: "main" });
    const explained = await explain(made);
    assert.deepEqual([...explained.keys()], [app.name, second.name, review.name, byBranch.name]);
    assert.ok([...explained.values()].every((one) => one.outcome === "DEPLOYED"));
    assert.deepEqual(await buildsOn(admin, other), []);
    assert.deepEqual([...(await explain(await build({ branch: "else" }))).keys()], []);
    assert.deepEqual([...(await explain(await build({ branch: null, commit: { sha: head } }))).keys()], [review.name]);
  });

  it("tells a review app without a known head that a build may be of an earlier pull request", async () => {
    const { pipeline, build } = await followed([], { reviewAppsEnabled: true });
    const open = async (number: number): Promise<Named> =>
      (
        await admin.mutate(
          "openReviewApp",
          { pipeline: pipeline.id, pullRequest: { number, branch: "patch" } },
          "reviewApp { app { id name } }",
        )
      ).reviewApp.app;
    await open(1);
    const old = await build({ branch: "patch" });
    await admin.mutate("closeReviewApp", { pipeline: pipeline.id, pullRequestNumber: 1 }, "__typename");
    const app = await open(2);
    assert.deepEqual(await outcome(old, app), {
      outcome: "NOT_NEWER",
      message: "It ran on a review app that is closed, so it may be of an earlier pull request of this branch.",
    });
  });

  it("shows a restricted token only the apps of its pipelines, with the same outcomes", async () => {
    const { repository, pipeline, app, build } = await followed(["ci"]);
    const hidden = await seed.coupled(await seed.pipeline({ repository }), "DEVELOPMENT");
    const made = await build();
    const input = { name: unique("token"), role: "VIEWER", pipelines: [pipeline.id] };
    const { secret } = await admin.mutate("createToken", input, "secret");
    const restricted = new Client(server.url, secret);
    assert.deepEqual([...(await explain(made)).keys()], [app.name, hidden.name]);
    const explained = await explain(made, restricted);
    assert.deepEqual([...explained.keys()], [app.name]);
    assert.deepEqual(explained.get(app.name), await outcome(made, app));
  });
});
