import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { CommitStatus } from "../../../src/entities/builds/commit-status.js";
import { ReleaseStatus } from "../../../src/entities/releases/release-status.js";
import { eventsAfter, formatEvents, newestCursor, recordEvents } from "../../support/clients/event-log.js";
import { Seed, unique } from "../../support/data/seed.js";
import { dumpRows } from "../../support/database/database-content.js";
import { startServer } from "../../support/service/server.js";

const server = await startServer({ after });
const { admin } = server;
const seed = new Seed(admin);

const STATUS =
  "id context state name description targetUrl imageUrl release { id } build { id } reportedBy { name role }";
const report = async (subject: object, context: string, state: string, rest: object = {}) =>
  (await admin.mutate("reportStatus", { ...subject, context, state, ...rest }, `status { ${STATUS} }`)).status;

async function getStatuses(id: string) {
  const query = "query ($id: ID!) { release(id: $id) { state statuses { context state release { id } } } }";
  const { release } = await admin.ask(query, { id });
  const statuses = release.statuses.map((one: { context: string; state: string; release: unknown }) => [
    one.context,
    one.state,
    one.release === null ? "build" : "release",
  ]);
  return { state: release.state, statuses };
}

describe("the statuses of a release", () => {
  it("are those of the release, and those of its build in other contexts", async () => {
    const build = await seed.build();
    const one = await seed.release(await seed.app(), build);
    await report({ build: build.id }, "ci", "SUCCESS");
    await report({ build: build.id }, "scan", "SUCCESS");
    await report({ release: one.id }, "scan", "FAILURE");
    await report({ release: one.id }, "QA", "PENDING");
    const later = await seed.release(await seed.app(), build);
    assert.deepEqual(await getStatuses(one.id), {
      state: "FAILURE",
      statuses: [
        ["QA", "PENDING", "release"],
        ["ci", "SUCCESS", "build"],
        ["scan", "FAILURE", "release"],
      ],
    });
    const ofBuild = [
      ["ci", "SUCCESS", "build"],
      ["scan", "SUCCESS", "build"],
    ];
    assert.deepEqual(await getStatuses(later.id), { state: "SUCCESS", statuses: ofBuild });
    // A later status of the build does not change the release's own.
    await report({ build: build.id }, "scan", "ERROR");
    assert.equal((await getStatuses(one.id)).state, "FAILURE");
    assert.equal((await getStatuses(later.id)).state, "ERROR");
  });

  it("are combined to the worst: ERROR, FAILURE, PENDING, SUCCESS, and null without any", async () => {
    const release = await seed.release(await seed.app());
    assert.equal((await getStatuses(release.id)).state, null);
    for (const state of ["SUCCESS", "PENDING", "FAILURE", "ERROR"]) {
      await report({ release: release.id }, `one-${state}`, state);
      assert.equal((await getStatuses(release.id)).state, state);
    }
    await report({ release: release.id }, "one-ERROR", "SUCCESS");
    await report({ release: release.id }, "one-FAILURE", "SUCCESS");
    assert.equal((await getStatuses(release.id)).state, "PENDING");
  });
});

describe("a report", () => {
  it("keeps omitted fields, changes given ones, and clears those given as null", async () => {
    const release = await seed.release(await seed.app());
    const said = {
      name: "CI",
      description: "Running",
      targetUrl: "https://ci.test/1",
      imageUrl: "https://ci.test/1.png",
    };
    const first = await report({ release: release.id }, "ci", "PENDING", said);
    const second = await report({ release: release.id }, "ci", "SUCCESS", { description: "Done" });
    assert.deepEqual(second, { ...first, state: "SUCCESS", description: "Done" });
    const third = await report({ release: release.id }, "ci", "SUCCESS", { imageUrl: null });
    assert.deepEqual(third, { ...second, imageUrl: null });
  });

  it("names the last reporter", async () => {
    const { id: release } = await seed.release(await seed.app());
    const reporter = await server.as("REPORTER");
    await report({ release }, "ci", "PENDING");
    const input = { release, context: "ci", state: "SUCCESS" };
    const { status } = await reporter.mutate("reportStatus", input, "status { reportedBy { role } }");
    assert.deepEqual(status.reportedBy, { role: "REPORTER" });
    const viewer = await server.as("VIEWER");
    assert.equal((await viewer.mutationError("reportStatus", input)).extensions.code, "FORBIDDEN");
  });

  it("writes nothing if nothing changes, for any reporter", async () => {
    const build = await seed.build();
    const release = await seed.release(await seed.app(), build);
    const reporter = await server.as("REPORTER");
    const said = { name: "CI", description: "Fine", targetUrl: "https://ci.test/1" };
    for (const subject of [{ release: release.id }, { build: build.id }]) {
      await report(subject, "ci", "SUCCESS", said);
      const before = await dumpRows(server);
      await report(subject, "ci", "SUCCESS", said);
      await report(subject, "ci", "SUCCESS");
      await reporter.mutate("reportStatus", { ...subject, context: "ci", state: "SUCCESS" }, "status { id }");
      assert.deepEqual(await dumpRows(server), before);
    }
  });

  it("is for exactly one release or build", async () => {
    const build = await seed.build();
    const release = await seed.release(await seed.app(), build);
    for (const subject of [{}, { release: release.id, build: build.id }]) {
      const error = await admin.mutationError("reportStatus", { ...subject, context: "ci", state: "SUCCESS" });
      assert.equal(error.extensions.code, "BAD_USER_INPUT");
    }
  });
});

describe("more than 1,000 statuses", () => {
  const names = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => `shard ${from + index}`);

  it("of a release displace its oldest, never a required one, and an event names what goes", async () => {
    const app = await seed.coupled(await seed.pipeline(), "STAGING", { requiredChecks: ["qa", "unit"] });
    const release = await seed.forcedRelease(app);
    await report({ release: release.id }, "unit", "SUCCESS");
    const { id } = await report({ release: release.id }, "shard 0", "SUCCESS");
    await server.app.database.write(async (tx) => {
      const [sample] = await tx.find(ReleaseStatus, { id });
      const copies = names(1, 1000).map((context, index) => {
        const updatedAt = new Date(Number(sample?.updatedAt) + index + 1);
        const copy = id.replace(/^.{8}/, (index + 1).toString(16).padStart(8, "0"));
        return Object.assign(new ReleaseStatus(), { ...sample, id: copy, context, updatedAt });
      });
      await tx.insert(ReleaseStatus, copies);
    });
    const contexts = async () =>
      new Set((await getStatuses(release.id)).statuses.map(([context]: [string]) => context));
    const before = await newestCursor(admin);
    await report({ release: release.id }, "qa", "SUCCESS");
    assert.equal((await contexts()).size, 1002, "a required one displaces nothing");
    await report({ release: release.id }, "last", "SUCCESS");
    const kept = await contexts();
    assert.deepEqual(
      ["unit", "qa", "last", "shard 0", "shard 1"].map((context) => kept.has(context)),
      [true, true, true, false, true],
    );
    assert.equal(kept.size, 1002);
    const deleted = (await eventsAfter(admin, before)).filter(({ type }) => type === "BUILD_UPDATED");
    assert.deepEqual(
      deleted.map(({ summary }) => summary),
      ["Deleted the oldest of more than 1000 optional statuses: shard 0"],
    );
  });

  it("of a commit come to a build that is registered later: all required ones, and the latest others", async () => {
    const repository = `github.com/tests/${unique()}`;
    const pipeline = await seed.pipeline({ repository });
    await seed.coupled(pipeline, "STAGING", { requiredChecks: ["unit"] });
    const commitSha = "5eed".repeat(10);
    const rest = { source: "ci", run: null, name: null, description: null, targetUrl: null, imageUrl: null };
    await server.app.database.write((tx) =>
      tx.insert(
        CommitStatus,
        ["unit", ...names(0, 1001)].map((context, index) => {
          const saidAt = new Date(Date.UTC(2026, 0, 1) + index);
          const status = { ...rest, repository, commitSha, context, state: "SUCCESS", saidAt, receivedAt: saidAt };
          return Object.assign(new CommitStatus(), status);
        }),
      ),
    );
    const build = await seed.build({ repository, branch: "main", commit: { sha: commitSha } });
    const { statuses } = await getStatuses((await seed.release(await seed.app(), build)).id);
    const kept = new Set(statuses.map(([context]: [string]) => context));
    assert.deepEqual(
      [kept.size, kept.has("unit"), kept.has("shard 0"), kept.has("shard 1")],
      [1001, true, false, true],
    );
  });
});

describe("the events of a report", () => {
  it("contain the new and the previous state", async () => {
    const pipeline = await seed.pipeline();
    const app = await seed.coupled(pipeline, "DEVELOPMENT");
    const release = await seed.release(app);
    const { events } = await recordEvents(admin, async () => {
      await report({ release: release.id }, "ci", "PENDING");
      await report({ release: release.id }, "ci", "SUCCESS");
    });
    assert.deepEqual(formatEvents(events), [
      `RELEASE_STATUS_REPORTED ${app.name} v1 ci PENDING`,
      `RELEASE_STATUS_REPORTED ${app.name} v1 ci PENDING SUCCESS`,
    ]);
    assert.deepEqual(
      events.map((event) => event.pipelineId),
      [pipeline.id, pipeline.id],
    );
  });

  it("are one per release of a build, except for those with a status in the context", async () => {
    const build = await seed.build();
    const pipeline = await seed.pipeline();
    const coupled = await seed.coupled(pipeline, "STAGING");
    const [one, own] = [await seed.app(), await seed.app()];
    await seed.release(coupled, build);
    await seed.release(one, build);
    const release = await seed.release(own, build);
    await report({ release: release.id }, "ci", "FAILURE");
    const { events } = await recordEvents(admin, () => report({ build: build.id }, "ci", "SUCCESS"));
    assert.deepEqual(formatEvents(events), [
      `RELEASE_STATUS_REPORTED ${coupled.name} v1 ci SUCCESS`,
      `RELEASE_STATUS_REPORTED ${one.name} v1 ci SUCCESS`,
    ]);
    assert.deepEqual(
      events.map((event) => event.pipelineId),
      [pipeline.id, null],
    );
    const other = await recordEvents(admin, () => report({ build: build.id }, "scan", "SUCCESS"));
    assert.equal(other.events.length, 3);
  });

  it("are one BUILD_UPDATED if the build has no such release", async () => {
    const build = await seed.build();
    const subject = `${build.repository}@${build.commit.sha.slice(0, 7)}`;
    const none = await recordEvents(admin, () => report({ build: build.id }, "ci", "PENDING"));
    assert.deepEqual(formatEvents(none.events), [`BUILD_UPDATED ${subject}`]);
    assert.equal(none.events[0]?.subjectId, build.id);
    assert.equal(none.events[0]?.pipelineId, null);
    const release = await seed.release(await seed.app(), build);
    await report({ release: release.id }, "ci", "SUCCESS");
    const hidden = await recordEvents(admin, () => report({ build: build.id }, "ci", "SUCCESS"));
    assert.deepEqual(formatEvents(hidden.events), [`BUILD_UPDATED ${subject}`]);
  });
});

describe("the available checks of a pipeline", () => {
  it("are every context reported on its apps' releases and their builds, by name, with the newest report", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const production = await seed.coupled(pipeline, "PRODUCTION");
    const build = await seed.build();
    const release = await seed.release(dev, build);
    await seed.release(production, build);
    await report({ release: release.id }, "qa", "SUCCESS", { name: "QA" });
    await report({ build: build.id }, "ci", "FAILURE", { name: "CI" });
    await report({ release: release.id }, "ci", "SUCCESS");
    const elsewhere = await seed.release(await seed.app());
    await report({ release: elsewhere.id }, "other", "SUCCESS");
    const query = `query ($id: ID!) { pipeline(pipeline: $id) { availableChecks { context name lastReportedAt } } }`;
    const { pipeline: found } = await admin.ask(query, { id: pipeline.id });
    assert.deepEqual(
      found.availableChecks.map((one: { context: string; name: string }) => [one.context, one.name]),
      [
        ["ci", "CI"],
        ["qa", "QA"],
      ],
    );
    const { release: reported } = await admin.ask(
      "query ($id: ID!) { release(id: $id) { statuses { context updatedAt } } }",
      { id: release.id },
    );
    const latest = reported.statuses.find((one: { context: string }) => one.context === "ci").updatedAt;
    assert.equal(found.availableChecks[0].lastReportedAt, latest);
  });

  it("leave out what was reported only on releases before the latest 20 of an app", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const first = await seed.release(dev);
    const second = await seed.release(dev);
    await report({ release: first.id }, "old", "SUCCESS");
    await report({ release: second.id }, "kept", "SUCCESS");
    for (let count = 0; count < 19; count += 1) await seed.release(dev);
    const { pipeline: found } = await admin.ask(
      "query ($id: ID!) { pipeline(pipeline: $id) { availableChecks { context } } }",
      { id: pipeline.id },
    );
    assert.deepEqual(found.availableChecks, [{ context: "kept" }]);
  });
});
