import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Client } from "../../support/clients/client.js";
import { type Named, Seed, unique } from "../../support/data/seed.js";
import { type Cleanup, startServer } from "../../support/service/server.js";

async function rolledBack(t: Cleanup, deploymentMode = "IMMEDIATE") {
  const server = await startServer(t);
  const seed = new Seed(server.admin);
  const repository = `acme/${unique()}`;
  const pipeline = await seed.pipeline({ repository });
  const dev = await seed.coupled(pipeline, "DEVELOPMENT", { deploymentMode });
  const build = () => seed.build({ repository, branch: "main" });
  return { server, admin: server.admin, seed, pipeline, dev, build };
}

async function held(client: Client, app: Named): Promise<boolean> {
  return (await client.ask("query ($app: ID!) { coupling(app: $app) { autoDeployHeld } }", { app: app.id })).coupling
    .autoDeployHeld;
}

async function runs(client: Client, app: Named): Promise<string> {
  return (await client.ask("query ($app: ID!) { app(app: $app) { currentRelease { build { id } } } }", { app: app.id }))
    .app.currentRelease.build.id;
}

describe("a rollback", () => {
  it("pauses the app's automatic deployments until the next manual release", async (t) => {
    const { admin, seed, pipeline, dev, build } = await rolledBack(t);
    const other = await seed.coupled(pipeline, "DEVELOPMENT");
    const first = await build();
    await build();
    assert.equal(await held(admin, dev), false);
    await admin.mutate("rollback", { app: dev.id }, "__typename");
    assert.equal(await held(admin, dev), true);
    assert.equal(await held(admin, other), false);
    const third = await build();
    // A status is another trigger of automatic deployments.
    await admin.mutate("reportStatus", { build: third.id, context: "ci", state: "SUCCESS" }, "__typename");
    assert.equal(await runs(admin, dev), first.id);
    assert.equal(await runs(admin, other), third.id);
    await seed.release(dev, third);
    assert.equal(await held(admin, dev), false);
    const fourth = await build();
    assert.equal(await runs(admin, dev), fourth.id);
  });

  it("keeps them paused across a restart, and if the app leaves its pipeline and returns", async (t) => {
    const { server, pipeline, dev, build } = await rolledBack(t);
    const first = await build();
    await build();
    await server.admin.mutate("rollback", { app: dev.id }, "__typename");
    await server.restart();
    const { admin } = server;
    await admin.mutate("removeCoupling", { coupling: dev.couplingId }, "__typename");
    await admin.mutate("addCoupling", { pipeline: pipeline.id, app: dev.id, stage: "DEVELOPMENT" }, "__typename");
    assert.equal(await held(admin, dev), true);
    await new Seed(admin).build({ repository: await getRepository(admin, pipeline), branch: "main" });
    assert.equal(await runs(admin, dev), first.id);
  });

  it("pauses them even if it fails: it was a person's decision", async (t) => {
    const { admin, dev, build } = await rolledBack(t, "REPORTED");
    const report = (release: string, phase: string) =>
      admin.mutate("reportDeployment", { release, phase }, "__typename");
    const newest = async () =>
      (
        await admin.ask("query ($app: ID!) { app(app: $app) { releases(first: 1) { nodes { id trigger } } } }", {
          app: dev.id,
        })
      ).app.releases.nodes[0];
    for (let count = 0; count < 2; count += 1) {
      await build();
      await report((await newest()).id, "SUCCEEDED");
    }
    await admin.mutate("rollback", { app: dev.id }, "__typename");
    await report((await newest()).id, "FAILED");
    await build();
    assert.equal((await newest()).trigger, "ROLLBACK");
    assert.equal(await held(admin, dev), true);
  });

  it("no longer pauses them after a promotion to the app", async (t) => {
    const { admin, seed, pipeline, dev, build } = await rolledBack(t);
    const review = await seed.coupled(pipeline, "REVIEW");
    await build();
    await build();
    await admin.mutate("rollback", { app: dev.id }, "__typename");
    const change = await seed.build({ repository: await getRepository(admin, pipeline) });
    await seed.release(review, change);
    await admin.mutate("promote", { app: review.id }, "__typename");
    assert.equal(await held(admin, dev), false);
    const newest = await build();
    assert.equal(await runs(admin, dev), newest.id);
  });

  it("pauses nothing on an app without automatic deployments", async (t) => {
    const { admin, seed, pipeline, build } = await rolledBack(t);
    const prod = await seed.coupled(pipeline, "PRODUCTION");
    await seed.release(prod, await build());
    await seed.release(prod, await build());
    await admin.mutate("rollback", { app: prod.id }, "__typename");
    assert.equal(await held(admin, prod), false);
  });
});

async function getRepository(client: Client, pipeline: Named): Promise<string> {
  return (await client.ask("query ($id: ID!) { pipeline(pipeline: $id) { repository } }", { id: pipeline.id })).pipeline
    .repository;
}
