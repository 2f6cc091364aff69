import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import sql, { raw } from "sql-template-tag";
import { RestClient } from "../support/clients/rest.js";
import { Seed, type SeededRelease, unique } from "../support/data/seed.js";
import { ADMIN_SECRET, startServer } from "../support/service/server.js";

const server = await startServer({ after });
const { admin } = server;
const seed = new Seed(admin);
const platform = new RestClient(server.url, ADMIN_SECRET);

/** Gives a row an id as if it had been created long after all others. */
async function rename(table: string, id: string): Promise<string> {
  const late = id.replace(/^.{8}-.{4}/, "ffffffff-ffff");
  await server.app.database.write((tx) =>
    tx.execute("new_id", sql`UPDATE ${raw(table)} SET id = ${late} WHERE id = ${id}`),
  );
  return late;
}

const toIds = (rows: readonly { readonly id: string }[]) => rows.map((row) => row.id);

/** All ids of a list of the Platform API, in pages of one row. */
async function readRange(path: string): Promise<string[]> {
  const ids: string[] = [];
  for (let range: string | null = "id ..; max=1"; range !== null; ) {
    const { status, headers, body } = await platform.get(path, { range });
    assert.ok(status === 200 || status === 206, JSON.stringify(body));
    ids.push(...toIds(body));
    range = headers.get("next-range");
    assert.match(range ?? "id ]", /^id \]/, "positions are internal");
  }
  return ids;
}

/*
 * Ids begin with the time of the instance that made them. Clocks of instances differ, and are corrected. So rows of one
 * instance with a clock in the future have ids that sort behind those of later rows.
 */
describe("the order of creation, independent of ids", () => {
  it("is that of tokens", async () => {
    const create = async () => {
      const { token } = await admin.mutate("createToken", { name: unique("t"), role: "VIEWER" }, "token { id }");
      return token.id as string;
    };
    const first = await rename("tokens", await create());
    const rest = [await create(), await create()];
    const { nodes } = (await admin.ask("{ tokens(last: 3) { nodes { id } } }")).tokens;
    assert.deepEqual(toIds(nodes), [first, ...rest]);
  });

  it("is that of a build's releases on several apps, and of pages of them", async () => {
    const build = await seed.build();
    const made: SeededRelease[] = [];
    for (let count = 0; count < 3; count += 1) made.push(await seed.release(await seed.app(), build));
    const [oldest = "", middle, newest] = toIds(made);
    const late = await rename("releases", oldest);
    const query = `query ($id: ID!, $after: String) { build(id: $id) {
      releases(first: 2, after: $after) { nodes { id } pageInfo { endCursor } } } }`;
    const { releases } = (await admin.ask(query, { id: build.id })).build;
    assert.deepEqual(toIds(releases.nodes), [newest, middle]);
    const rest = await admin.ask(query, { id: build.id, after: releases.pageInfo.endCursor });
    assert.deepEqual(toIds(rest.build.releases.nodes), [late]);
  });

  it("is that of a promotion's targets: of the apps in their stage", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const apps = [await seed.coupled(pipeline, "STAGING"), await seed.coupled(pipeline, "STAGING")];
    await seed.release(dev);
    const targets = "targets { id app { id } }";
    const { promotion } = await admin.mutate("promote", { app: dev.id }, `promotion { id ${targets} }`);
    await rename("promotion_targets", promotion.targets[0].id);
    const query = `query ($id: ID!) { promotion(id: $id) { ${targets} } }`;
    const found = (await admin.ask(query, { id: promotion.id })).promotion.targets;
    assert.deepEqual(
      found.map((target: { app: { id: string } }) => target.app.id),
      toIds(apps),
    );
  });

  it("is that of couplings and builds in the Platform API", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const others = [await seed.coupled(pipeline, "STAGING"), await seed.coupled(pipeline, "PRODUCTION")];
    const coupling = await rename("couplings", dev.couplingId);
    const wanted = [coupling, ...others.map((app) => app.couplingId)];
    assert.deepEqual(await readRange(`/pipelines/${pipeline.name}/pipeline-couplings`), wanted);
    const first = await seed.build();
    const late = { ...first, id: await rename("builds", first.id) };
    const builds = [late, await seed.build(), await seed.build()];
    for (const build of builds.toReversed()) await seed.release(dev, build);
    assert.deepEqual(await readRange(`/apps/${dev.name}/builds`), toIds(builds));
    const { status } = await platform.get(`/apps/${dev.name}/builds`, { range: "id ]nothing.." });
    assert.equal(status, 422);
  });
});
