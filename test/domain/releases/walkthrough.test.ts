import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Seed } from "../../support/data/seed.js";
import { startServer } from "../../support/service/server.js";

describe("a promotion", () => {
  it("copies the build of a release to every app of the next stage", async (t) => {
    const { admin } = await startServer(t);
    const seed = new Seed(admin);
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const qa = await seed.coupled(pipeline, "STAGING");
    const stg = await seed.coupled(pipeline, "STAGING");
    const build = await seed.build();
    await seed.release(dev, build);
    const { promotion } = await admin.mutate(
      "promote",
      { app: dev.name },
      "promotion { phase from to targets { app { name } phase release { version current description build { id } } } }",
    );
    assert.equal(promotion.phase, "SUCCEEDED");
    assert.deepEqual([promotion.from, promotion.to], ["DEVELOPMENT", "STAGING"]);
    const release = { version: 1, current: true, description: `Promotion from ${dev.name}`, build: { id: build.id } };
    assert.deepEqual(
      promotion.targets,
      [qa, stg].map(({ name }) => ({ app: { name }, phase: "SUCCEEDED", release })),
    );
  });
});
