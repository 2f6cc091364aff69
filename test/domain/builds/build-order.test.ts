import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { buildsOn, type Named, Seed, type SeededBuild, unique } from "../../support/data/seed.js";
import { startServer } from "../../support/service/server.js";

const { admin } = await startServer({ after });
const seed = new Seed(admin);

const newRepository = () => `github.com/tests/${unique("repo")}`;

describe("the order of builds", () => {
  const A = "a".repeat(40);
  const B = "b".repeat(40);
  /** The commits that were deployed, one after the other. */
  async function deployed(...builds: object[]): Promise<string[]> {
    const repository = newRepository();
    const app = await seed.coupled(await seed.pipeline({ repository }), "DEVELOPMENT");
    const shas = new Map<string, string>();
    for (const build of builds) {
      const made = await seed.build({ repository, branch: "main", ...build });
      shas.set(made.id, made.commit.sha[0] as string);
    }
    return (await buildsOn(admin, app)).map((id) => shas.get(id) as string);
  }

  it("follows CI run numbers: a branch that is reset to an older commit deploys it", async () => {
    const run = (sha: string, sequence: number) => ({ commit: { sha }, sequence });
    assert.deepEqual(await deployed(run(B, 2), run(A, 1)), ["b"]);
    assert.deepEqual(await deployed(run(A, 1), run(B, 2), run(A, 3)), ["a", "b", "a"]);
  });

  it("follows the commits if there are no run numbers", async () => {
    const parent = { commit: { sha: B, parents: [A] } };
    assert.deepEqual(await deployed(parent, { commit: { sha: A } }), ["b"]);
    const at = (sha: string, committedAt: string) => ({ commit: { sha, committedAt } });
    assert.deepEqual(await deployed(at(B, "2026-01-02T00:00:00Z"), at(A, "2026-01-01T00:00:00Z")), ["b"]);
  });

  it("follows the first registration of the commit if nothing else is known: a rerun of an old commit is old", async () => {
    const build = (sha: string) => ({ commit: { sha } });
    assert.deepEqual(await deployed(build(A), build(B), build(A)), ["a", "b"]);
    assert.deepEqual(await deployed(build(A), build(A)), ["a", "a"]);
  });

  it("is that of registration among builds of one commit, also if its hash is abbreviated", async () => {
    const build = (sha: string) => ({ commit: { sha } });
    assert.deepEqual(await deployed(build(A), build(A.slice(0, 12)), build(A)), ["a", "a", "a"]);
    const merge = { commit: { sha: B, parents: ["c".repeat(40), A.slice(0, 7)] } };
    assert.deepEqual(await deployed(merge, build(A)), ["b"], "a parent may be abbreviated");
  });

  it("is separate for each component: a build goes only to pipelines with its component", async () => {
    const repository = newRepository();
    const apps = new Map<string | null, Named>();
    for (const component of ["api", "web", null]) {
      apps.set(component, await seed.coupled(await seed.pipeline({ repository, component }), "DEVELOPMENT"));
    }
    const builds = new Map<string | null, string>();
    for (const component of ["web", "api", null]) {
      builds.set(component, (await seed.build({ repository, branch: "main", component })).id);
    }
    for (const [component, app] of apps) assert.deepEqual(await buildsOn(admin, app), [builds.get(component)]);
    const padded = await seed.build({ repository, branch: "main", component: " api\u00a0" });
    assert.deepEqual(await buildsOn(admin, apps.get("api") as Named), [builds.get("api"), padded.id], "it is trimmed");
    const upper = await seed.build({ repository, branch: "main", component: "API" });
    for (const app of apps.values()) assert.equal((await buildsOn(admin, app)).includes(upper.id), false);
  });

  it("is no clock's: an hour or a year back, or back with every look, the next build is deployed and promoted", async (t) => {
    let time = Date.parse("2031-01-01T00:00:00Z");
    let step = 0;
    const now = () => {
      time += step;
      return new Date(time);
    };
    const server = await startServer(t, { now });
    let own = new Seed(server.admin);
    const repository = newRepository();
    const pipeline = await own.pipeline({ repository });
    const app = await own.coupled(pipeline, "DEVELOPMENT");
    const target = await own.coupled(pipeline, "STAGING");
    const made: string[] = [];
    const deployNext = async () => {
      made.push((await own.build({ repository, branch: "main" })).id);
      assert.deepEqual(await buildsOn(server.admin, app), made);
      const input = { pipeline: pipeline.name, stage: "DEVELOPMENT" };
      const { promotion } = await server.admin.mutate("promote", input, "promotion { build { id } }");
      assert.equal(promotion.build.id, made.at(-1));
      assert.deepEqual(await buildsOn(server.admin, target), made);
    };
    await deployNext();
    for (const back of [3_600_000, 365 * 86_400_000]) {
      time -= back;
      await deployNext();
    }
    step = -1000;
    await deployNext();
    await server.restart();
    own = new Seed(server.admin);
    await deployNext();
  });

  it("refuses a negative run number and more than 16 parents", async () => {
    const given = { repository: newRepository(), artifact: "image", commit: { sha: A } };
    const negative = await admin.mutationError("createBuild", { ...given, sequence: -1 });
    assert.equal(negative.extensions.field, "sequence");
    const many = await admin.mutationError("createBuild", {
      ...given,
      commit: { sha: A, parents: Array(17).fill(B) },
    });
    assert.equal(many.extensions.field, "commit.parents");
  });
});

describe("the releases that a build is compared with", () => {
  const succeed = (build: SeededBuild) =>
    admin.mutate("updateBuild", { build: build.id, phase: "SUCCEEDED", artifact: "registry.test/app" }, "__typename");

  /** An app with a release of a build of the main branch, and a slow build of the commit before. */
  async function overtaken(input: object = {}) {
    const repository = newRepository();
    const app = await seed.coupled(await seed.pipeline({ repository, ...input }), "DEVELOPMENT");
    const build = { repository, branch: "main", ...input };
    const slow = await seed.build({ ...build, phase: "PENDING", artifact: null });
    const newer = await seed.build(build);
    assert.deepEqual(await buildsOn(admin, app), [newer.id]);
    return { repository, app, slow };
  }

  it("are those of its branch, also behind more than 50 releases of other branches", async () => {
    const { repository, app, slow } = await overtaken();
    const others = [await seed.build({ repository, branch: "feature" }), await seed.build({ repository })];
    for (let count = 0; count < 52; count += 1) await seed.release(app, others[count % 2]);
    await succeed(slow);
    assert.equal((await buildsOn(admin, app)).includes(slow.id), false);
  });

  it("are those of its component, also behind more than 50 releases of other components and repositories", async () => {
    const { repository, app, slow } = await overtaken({ component: "api" });
    const others = [
      await seed.build({ repository, branch: "main", component: "web" }),
      await seed.build({ repository, branch: "main" }),
      await seed.build({ branch: "main", component: "api" }),
    ];
    const forced = { force: true, reason: "a build of another component" };
    for (let count = 0; count < 51; count += 1) await seed.release(app, others[count % 3], forced);
    await succeed(slow);
    assert.equal((await buildsOn(admin, app)).includes(slow.id), false);
  });

  it("are those of each app: one with a newer build does not keep another without it from its build", async () => {
    const repository = newRepository();
    const pipeline = await seed.pipeline({ repository });
    const ahead = await seed.coupled(pipeline, "DEVELOPMENT");
    const checked = await seed.coupled(pipeline, "DEVELOPMENT", { requiredChecks: ["ci"] });
    const slow = await seed.build({ repository, branch: "main", phase: "PENDING", artifact: null });
    const newer = await seed.build({ repository, branch: "main" });
    await admin.mutate("reportStatus", { build: slow.id, context: "ci", state: "SUCCESS" }, "__typename");
    await succeed(slow);
    assert.deepEqual(await buildsOn(admin, ahead), [newer.id]);
    assert.deepEqual(await buildsOn(admin, checked), [slow.id]);
  });
});
