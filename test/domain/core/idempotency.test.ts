import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Client } from "../../support/clients/client.js";
import { type Named, Seed, unique } from "../../support/data/seed.js";
import { startServer, type TestServer } from "../../support/service/server.js";

const DAY = 24 * 60 * 60 * 1000;

/** Every mutation with an idempotency key: an input that succeeds twice if executed twice, and the selection. */
const KEYED: Readonly<Record<string, { input: (there: State) => object; selection: string }>> = {
  createPipeline: { input: () => ({ name: "keyed" }), selection: "pipeline { id name createdAt }" },
  createApp: { input: () => ({ name: "keyed" }), selection: "app { id name createdAt }" },
  addCoupling: {
    input: ({ pipeline, free }) => ({ pipeline: pipeline.id, app: free.id, stage: "REVIEW" }),
    selection: "coupling { id stage createdAt }",
  },
  createBuild: {
    input: () => ({ repository: "acme/keyed", commit: { sha: "abcdef0" }, artifact: "image" }),
    selection: "build { id repository createdAt }",
  },
  createRelease: {
    input: ({ app, build }) => ({ app: app.id, build: build.id }),
    selection: "release { id version createdAt }",
  },
  rollback: { input: ({ app }) => ({ app: app.id }), selection: "release { id version createdAt }" },
  promote: {
    input: ({ app }) => ({ app: app.id }),
    selection: "promotion { id createdAt targets { release { version } } }",
  },
};

interface State {
  readonly pipeline: Named;
  readonly app: Named;
  readonly free: Named;
  readonly build: { readonly id: string };
}

describe("a mutation with an idempotency key", () => {
  for (const [mutation, { input, selection }] of Object.entries(KEYED)) {
    it(`runs once and returns the same response: ${mutation}, twenty times at once and after a restart`, async (t) => {
      const server = await startServer(t);
      const given = { ...input(await furnish(server)), idempotencyKey: unique("key") };
      const head = await newestEvent(server);
      const attempts = Array.from({ length: 20 }, () => server.admin.mutate(mutation, given, selection));
      const [first, ...others] = await Promise.all(attempts);
      for (const other of others) assert.deepEqual(other, first);
      const after = await newestEvent(server);
      assert.notEqual(after, head, "it was done");
      await server.restart();
      assert.deepEqual(await server.admin.mutate(mutation, given, selection), first);
      assert.equal(await newestEvent(server), after, "and only once");
    });
  }

  it("is refused with another input or another mutation, with the key's field in the error", async (t) => {
    const { admin } = await startServer(t);
    const idempotencyKey = unique("key");
    await admin.mutate("createApp", { name: "keyed", idempotencyKey }, "app { id }");
    for (const other of [{ name: "other" }, { name: "keyed", region: "eu" }]) {
      const refusal = await admin.mutationError("createApp", { ...other, idempotencyKey });
      assert.deepEqual(refusal.extensions, { code: "IDEMPOTENCY_KEY_REUSED", field: "idempotencyKey" });
      assert.match(refusal.message, /another input/);
    }
    const elsewhere = await admin.mutationError("createPipeline", { name: "keyed", idempotencyKey });
    assert.equal(elsewhere.extensions.code, "IDEMPOTENCY_KEY_REUSED");
    const { apps, pipelines } = await admin.ask("{ apps { totalCount } pipelines { totalCount } }");
    assert.deepEqual([apps.totalCount, pipelines.totalCount], [1, 0]);
  });

  it("runs once for concurrent different inputs, and the others are refused", async (t) => {
    const { admin } = await startServer(t);
    const idempotencyKey = unique("key");
    const answers = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) =>
        admin.mutate("createApp", { name: `keyed-${index}`, idempotencyKey }, "app { id }"),
      ),
    );
    const refused = answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason.code] : []));
    assert.deepEqual(refused, Array(9).fill("IDEMPOTENCY_KEY_REUSED"));
    assert.equal((await admin.ask("{ apps { totalCount } }")).apps.totalCount, 1);
  });

  it("does not use up its key if it is refused", async (t) => {
    const { admin } = await startServer(t);
    await admin.mutate("createApp", { name: "taken" }, "app { id }");
    const idempotencyKey = unique("key");
    const refusal = await admin.mutationError("createApp", { name: "taken", idempotencyKey });
    assert.equal(refusal.extensions.code, "CONFLICT");
    const { app } = await admin.mutate("createApp", { name: "free", idempotencyKey }, "app { name }");
    assert.equal(app.name, "free");
  });

  it("has a separate key space per token", async (t) => {
    const server = await startServer(t);
    const idempotencyKey = unique("key");
    const make = (client: Client, name: string) => client.mutate("createApp", { name, idempotencyKey }, "app { name }");
    assert.equal((await make(server.admin, "ours")).app.name, "ours");
    assert.equal((await make(await server.as("OPERATOR"), "theirs")).app.name, "theirs");
    assert.equal((await make(server.admin, "ours")).app.name, "ours");
  });

  it("returns the first response even if the data has changed since", async (t) => {
    const { admin } = await startServer(t);
    const given = { name: "keyed", region: "eu", idempotencyKey: unique("key") };
    const { app } = await admin.mutate("createApp", given, "app { id region }");
    await admin.mutate("updateApp", { app: app.id, region: "us" }, "app { id }");
    assert.deepEqual((await admin.mutate("createApp", given, "app { id region }")).app, app);
    await admin.mutate("deleteApp", { app: app.id }, "deletedAppId");
    const gone = await admin.mutationError("createApp", given);
    assert.deepEqual([gone.extensions.code, /deleted/.test(gone.message)], ["CONFLICT", true]);
  });

  it("is refused if what it made was deleted or removed since, and says so", async (t) => {
    const { admin } = await startServer(t);
    const seed = new Seed(admin);
    const [pipeline, app] = [await seed.pipeline(), await seed.app()];
    const schedule = { kind: "DENY", timeZone: "UTC", startDate: "2999-01-01", startTime: "22:00", endTime: "06:00" };
    /** What is made, from an input, and how the result is deleted again. */
    const cases: [make: string, input: object, kind: string, remove: string, as: string][] = [
      ["createPipeline", { name: unique("gone") }, "pipeline", "deletePipeline", "pipeline"],
      [
        "addCoupling",
        { pipeline: pipeline.id, app: app.id, stage: "STAGING" },
        "coupling",
        "removeCoupling",
        "coupling",
      ],
      ["createDeploymentWindow", { name: unique("w"), ...schedule }, "window", "deleteDeploymentWindow", "window"],
      [
        "createApprovalRule",
        { pipeline: pipeline.id, stage: "PRODUCTION", name: unique("rule") },
        "rule",
        "deleteApprovalRule",
        "rule",
      ],
    ];
    for (const [make, input, kind, remove, as] of cases) {
      const given = { ...input, idempotencyKey: unique("key") };
      const payload = await admin.mutate(make, given, `${kind} { id }`);
      assert.deepEqual(await admin.mutate(make, given, `${kind} { id }`), payload, make);
      await admin.mutate(remove, { [as]: payload[kind].id }, "__typename");
      const gone = await admin.mutationError(make, given);
      assert.deepEqual([gone.extensions.code, /deleted|removed/.test(gone.message)], ["CONFLICT", true], gone.message);
    }
  });

  it("is remembered for 24 hours, and then runs again", async (t) => {
    const start = Date.now();
    let now = start;
    const server = await startServer(t, { now: () => new Date(now) });
    const given = {
      repository: "acme/keyed",
      commit: { sha: "abcdef0" },
      artifact: "image",
      idempotencyKey: unique("key"),
    };
    const build = async () => (await server.admin.mutate("createBuild", given, "build { id }")).build.id;
    const first = await build();
    now = start + DAY - 1;
    await server.app.tick();
    assert.equal(await build(), first);
    now = start + DAY;
    const second = await build();
    assert.notEqual(second, first);
    now = start + 2 * DAY - 1;
    assert.equal(await build(), second, "and is remembered from then on");
  });

  it("must have a key of 1 to 256 characters in one line", async (t) => {
    const { admin } = await startServer(t);
    for (const idempotencyKey of ["", " ", "x".repeat(257), "a\nb", "a\0b", "\ud800"]) {
      const refusal = await admin.mutationError("createApp", { name: "keyed", idempotencyKey });
      assert.deepEqual(refusal.extensions, { code: "BAD_USER_INPUT", field: "idempotencyKey" });
    }
    await admin.mutate("createApp", { name: "keyed", idempotencyKey: "x".repeat(256) }, "app { id }");
  });
});

async function furnish({ admin }: TestServer): Promise<State> {
  const seed = new Seed(admin);
  const pipeline = await seed.pipeline();
  const app = await seed.coupled(pipeline, "DEVELOPMENT");
  await seed.coupled(pipeline, "STAGING");
  await seed.release(app);
  const build = await seed.build();
  await seed.release(app, build);
  return { pipeline, app, build, free: await seed.app() };
}

async function newestEvent({ admin }: TestServer): Promise<string> {
  return (await admin.ask("{ events(last: 1) { pageInfo { endCursor } } }")).events.pageInfo.endCursor;
}
