import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, describe, it } from "node:test";
import { buildsOn, type Named, Seed, type SeededBuild, unique } from "../../support/data/seed.js";
import { startServer } from "../../support/service/server.js";

const { admin } = await startServer({ after });
const seed = new Seed(admin);

const newSha = () => randomBytes(20).toString("hex");

/** A pipeline with review apps, and how to open them and to build commits of its repository. */
async function reviewed(input: object = {}) {
  const repository = `github.com/tests/${unique("repo")}`;
  const pipeline = await seed.pipeline({ repository, reviewAppsEnabled: true, ...input });
  const open = async (pullRequest: object): Promise<Named> =>
    (
      await admin.mutate(
        "openReviewApp",
        { pipeline: pipeline.id, pullRequest: { number: 1, branch: "feature", ...pullRequest } },
        "reviewApp { app { id name } }",
      )
    ).reviewApp.app;
  const build = (sha: string, more: object = {}): Promise<SeededBuild> =>
    seed.build({ repository, branch: "feature", ...input, commit: { sha }, ...more });
  return { repository, pipeline, open, build };
}

const ids = (builds: readonly SeededBuild[]) => builds.map((build) => build.id);

describe("a review app whose head commit is known", () => {
  it("gets builds of the head from any branch or none, and none of its branch's other commits", async () => {
    const { open, build } = await reviewed();
    const head = newSha();
    const app = await open({ headSha: head });
    await build(newSha());
    const made = [
      await build(head, { branch: "owner:feature" }),
      await build(head, { branch: "renamed" }),
      await build(head, { branch: null }),
      await build(head.slice(0, 10), { branch: "short" }),
    ];
    await build(head.slice(0, 6), { branch: "feature" });
    assert.deepEqual(await buildsOn(admin, app), ids(made));
  });

  it("gets what was built of the head before it was opened, on another branch", async () => {
    const { open, build } = await reviewed();
    const head = newSha();
    await build(newSha());
    await build(head, { branch: "renamed", phase: "PENDING", artifact: null });
    const made = await build(head, { branch: "renamed" });
    for (let count = 0; count < 51; count += 1) await build(newSha());
    assert.deepEqual(await buildsOn(admin, await open({ headSha: head })), [made.id]);
    assert.deepEqual(await buildsOn(admin, await open({ number: 2, headSha: head.slice(0, 12) })), [made.id]);
  });

  it("gets no builds of another component", async () => {
    const { open, build } = await reviewed({ component: "api" });
    const head = newSha();
    const web = await build(head, { component: "web" });
    const app = await open({ headSha: head });
    const api = await build(head);
    await build(head, { component: null });
    assert.deepEqual(await buildsOn(admin, app), [api.id]);
    assert.notEqual(api.id, web.id);
  });

  it("gets the head although the build before is newer: by its time, its parents and CI's run number", async () => {
    const { open, build } = await reviewed();
    const [before, head] = [newSha(), newSha()];
    const app = await open({ headSha: before });
    const newer = await build(before, { sequence: 9, commit: commit(before, "2026-02-02T00:00:00Z", [head]) });
    await open({ headSha: head });
    const older = await build(head, { sequence: 1, commit: commit(head, "2026-01-01T00:00:00Z") });
    assert.deepEqual(await buildsOn(admin, app), ids([newer, older]));
  });

  it("gets the head's build again when the head moves back to it", async () => {
    const { open, build } = await reviewed();
    const [one, two] = [newSha(), newSha()];
    const app = await open({ headSha: one });
    const first = await build(one);
    await open({ headSha: two });
    const second = await build(two);
    await open({ headSha: one });
    assert.deepEqual(await buildsOn(admin, app), ids([first, second, first]));
    await open({ headSha: one, title: "No move" });
    await open({ headSha: two });
    assert.deepEqual(await buildsOn(admin, app), ids([first, second, first, second]));
  });

  it("keeps what a person released until the head moves", async () => {
    const { open, build } = await reviewed();
    const [one, two] = [newSha(), newSha()];
    const app = await open({ headSha: one });
    const first = await build(one);
    const chosen = await build(newSha());
    await seed.release(app, chosen);
    await open({ headSha: one, title: "Another title" });
    assert.deepEqual(await buildsOn(admin, app), ids([first, chosen]));
    const second = await build(two);
    await open({ headSha: two });
    assert.deepEqual(await buildsOn(admin, app), ids([first, chosen, second]));
  });

  it("keeps what a person released also when CI builds the head again", async () => {
    const { open, build } = await reviewed();
    const [one, two] = [newSha(), newSha()];
    const app = await open({ headSha: one });
    const chosen = await build(newSha());
    await seed.release(app, chosen);
    const first = await build(one);
    assert.deepEqual(await buildsOn(admin, app), ids([chosen, first]), "the head was not built before");
    await seed.release(app, chosen);
    const again = await build(one);
    assert.deepEqual(await buildsOn(admin, app), ids([chosen, first, chosen]));
    const query = "query ($id: ID!) { build(id: $id) { autoDeploys { outcome message } } }";
    const [explained] = (await admin.ask(query, { id: again.id })).build.autoDeploys;
    assert.equal(explained.outcome, "NOT_NEWER");
    assert.match(explained.message, /released v3 since .* It stays until the head moves\.$/);
    const second = await build(two);
    await open({ headSha: two });
    assert.deepEqual(await buildsOn(admin, app), ids([chosen, first, chosen, second]));
  });

  it("keeps the newer of two builds of the head, by CI's run number and by registration", async () => {
    const { open, build } = await reviewed();
    const [one, two] = [newSha(), newSha()];
    const app = await open({ headSha: one });
    const newer = await build(one, { sequence: 8 });
    await build(one.slice(0, 9), { sequence: 7, branch: null });
    const slow = await build(one, { phase: "PENDING", artifact: null });
    const quick = await build(one);
    await admin.mutate("updateBuild", { build: slow.id, phase: "SUCCEEDED", artifact: "image" }, "__typename");
    assert.deepEqual(await buildsOn(admin, app), ids([newer, quick]));
    await open({ headSha: two });
    const other = await build(two);
    await open({ headSha: one });
    assert.deepEqual(await buildsOn(admin, app), ids([newer, quick, other, quick]), "the head moved back");
  });

  it("stays on hold after a rollback, also when the head moves", async () => {
    const { open, build } = await reviewed();
    const [one, two] = [newSha(), newSha()];
    const app = await open({ headSha: one });
    const first = await build(one);
    const second = await build(one);
    await admin.mutate("rollback", { app: app.id }, "__typename");
    await build(two);
    await open({ headSha: two });
    assert.deepEqual(await buildsOn(admin, app), ids([first, second, first]));
  });

  it("counts every release of builds that succeed at once on different branches", async () => {
    const { open, build } = await reviewed();
    const head = newSha();
    const app = await open({ headSha: head });
    const made = await Promise.all(Array.from({ length: 12 }, (_, index) => build(head, { branch: `b${index}` })));
    assert.deepEqual(new Set(await buildsOn(admin, app)), new Set(ids(made)));
  });
});

describe("a review app whose head commit is not known", () => {
  it("gets no build that ran on a closed review app, and every later build of the branch", async () => {
    const { pipeline, open, build } = await reviewed();
    await open({});
    const old = await build(newSha());
    await admin.mutate("closeReviewApp", { pipeline: pipeline.id, pullRequestNumber: 1 }, "__typename");
    const app = await open({ number: 2 });
    assert.deepEqual(await buildsOn(admin, app), []);
    await open({ number: 2, title: "Touched" });
    assert.deepEqual(await buildsOn(admin, app), []);
    const fresh = await build(newSha());
    assert.deepEqual(await buildsOn(admin, app), [fresh.id]);
    assert.notEqual(fresh.id, old.id);
  });

  it("switches to the head as soon as that is known", async () => {
    const { open, build } = await reviewed();
    const app = await open({});
    const older = await build(newSha());
    const latest = await build(newSha());
    await open({ headSha: older.commit.sha });
    await build(newSha());
    assert.deepEqual(await buildsOn(admin, app), ids([older, latest, older]));
  });
});

function commit(sha: string, committedAt: string, parents: readonly string[] = []) {
  return { sha, committedAt, parents };
}
