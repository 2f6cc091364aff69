import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Client } from "../../support/clients/client.js";
import { Socket } from "../../support/clients/socket.js";
import { createScopedToken } from "../../support/data/pipeline-fixture.js";
import { type Named, Seed, unique } from "../../support/data/seed.js";
import { engine } from "../../support/database/engine.js";
import { leastStatements } from "../../support/database/least-statements.js";
import { startServer, type TestServer } from "../../support/service/server.js";

const UNKNOWN = "01890a5d-ac96-774b-bcce-b302099a8057";
const MAKE = "secret token { id pipelines { id name } }";
const VIEWER = "{ viewer { name pipelines { name } } }";

describe("a token's pipelines", () => {
  it("are set by id or name, and shown with the token, to its viewer, and in the log", async (t) => {
    const { admin, url } = await startServer(t);
    const seed = new Seed(admin);
    const [one, two] = [await seed.pipeline(), await seed.pipeline()];
    const pipelines = [two.name, one.id.toUpperCase(), one.name];
    const { token, secret } = await admin.mutate("createToken", { name: "ci", role: "VIEWER", pipelines }, MAKE);
    assert.deepEqual(token.pipelines, [one, two]);
    const own = await new Client(url, secret).ask(VIEWER);
    assert.deepEqual(own.viewer, { name: "ci", pipelines: [{ name: one.name }, { name: two.name }] });
    const list =
      "{ tokens { nodes { id pipelines { id } } } events(last: 1) { nodes { ... on ChangeEvent { summary } } } }";
    const { tokens, events } = await admin.ask(list);
    assert.deepEqual(tokens.nodes.at(-1), { id: token.id, pipelines: [{ id: one.id }, { id: two.id }] });
    const names = [one.name, two.name].sort().join(", ");
    assert.equal(events.nodes[0].summary, `Token ci created: VIEWER, for ${names} only`);
  });

  it("are null if unrestricted, also if null was given", async (t) => {
    const { admin, url } = await startServer(t);
    for (const input of [{}, { pipelines: null }]) {
      const { token, secret } = await admin.mutate("createToken", { name: "ci", role: "VIEWER", ...input }, MAKE);
      assert.equal(token.pipelines, null);
      assert.equal((await new Client(url, secret).ask(VIEWER)).viewer.pipelines, null);
    }
    assert.equal((await admin.ask(VIEWER)).viewer.pipelines, null);
  });

  it("must exist, and be 1 to 100", async (t) => {
    const { admin } = await startServer(t);
    const one = await new Seed(admin).pipeline();
    const refused = async (pipelines: readonly string[]) => {
      const { message, extensions } = await admin.mutationError("createToken", {
        name: "x",
        role: "VIEWER",
        pipelines,
      });
      return [extensions.code, extensions.field, message];
    };
    const none = "pipelines must name a pipeline, or be left out for a token that is not limited.";
    assert.deepEqual(await refused([]), ["BAD_USER_INPUT", "pipelines", none]);
    const many = "pipelines must name at most 100 pipelines; it has 101.";
    assert.deepEqual(await refused(Array(101).fill(one.id)), ["BAD_USER_INPUT", "pipelines", many]);
    const there = (what: string) => ["NOT_FOUND", "pipelines.1", `There is no pipeline "${what}".`];
    assert.deepEqual(await refused([one.id, UNKNOWN]), there(UNKNOWN));
    assert.deepEqual(await refused([one.id, "nowhere"]), there("nowhere"));
    await admin.mutate("deletePipeline", { pipeline: one.id }, "__typename");
    assert.equal((await refused([one.id]))[0], "NOT_FOUND");
    assert.equal((await admin.ask("{ tokens { totalCount } }")).tokens.totalCount, 1);
  });

  it("still apply after a restart", async (t) => {
    const server = await startServer(t);
    const seed = new Seed(server.admin);
    const [one, other] = [await seed.pipeline(), await seed.pipeline()];
    const { secret } = await createScopedToken(server, "VIEWER", [one]);
    await server.restart();
    const client = new Client(server.url, secret);
    assert.deepEqual((await client.ask("{ pipelines { nodes { name } } }")).pipelines.nodes, [{ name: one.name }]);
    const hidden = await client.ask("query ($id: ID!) { pipeline(pipeline: $id) { id } }", { id: other.id });
    assert.equal(hidden.pipeline, null);
  });

  it("disappear when a pipeline is deleted, and a token without any sees nothing", async (t) => {
    const server = await startServer(t);
    const { one, two, client } = await twoOfThree(server);
    const seen = async () => {
      const counts = await client.ask(`{ viewer { pipelines { name } } pipelines { totalCount } apps { totalCount }
        couplings { totalCount } builds { totalCount } promotions { totalCount } events(last: 100) { nodes { type } } }`);
      const { viewer, events, ...lists } = counts;
      return [
        viewer.pipelines.length,
        ...Object.values<{ totalCount: number }>(lists).map((one) => one.totalCount),
        events.nodes.length,
      ];
    };
    assert.deepEqual((await seen()).slice(0, 6), [2, 2, 4, 4, 2, 2]);
    await server.admin.mutate("deletePipeline", { pipeline: one.id }, "__typename");
    assert.deepEqual((await seen()).slice(0, 6), [1, 1, 2, 2, 1, 1]);
    await server.admin.mutate("deletePipeline", { pipeline: two.id }, "__typename");
    assert.deepEqual(await seen(), [0, 0, 0, 0, 0, 0, 0]);
    // A new pipeline of the same name is a different one.
    await new Seed(server.admin).pipeline({ name: one.name });
    assert.deepEqual(await seen(), [0, 0, 0, 0, 0, 0, 0]);
  });
});

describe("an app moved from another pipeline", () => {
  it("is visible with its releases, without its history elsewhere", async (t) => {
    const server = await startServer(t);
    const { one, three, client } = await twoOfThree(server);
    const there = await server.admin.ask(
      "query ($id: ID!) { pipeline(pipeline: $id) { couplings(stage: STAGING) { id app { id } } promotions { totalCount } } }",
      { id: three.id },
    );
    const [{ id, app }] = there.pipeline.couplings;
    assert.equal(there.pipeline.promotions.totalCount, 1, "a promotion has made its release");
    await server.admin.mutate("removeCoupling", { coupling: id }, "__typename");
    await server.admin.mutate("addCoupling", { pipeline: one.id, app: app.id, stage: "PRODUCTION" }, "__typename");
    const query = `query ($id: ID!) {
      app(app: $id) { releases { nodes { version promotion { id } build { releases { totalCount } } } } }
      promotions(app: $id) { totalCount }
      events(app: $id, first: 100) { nodes { type pipelineId } }
    }`;
    assert.deepEqual(await client.ask(query, { id: app.id }), {
      app: { releases: { nodes: [{ version: 1, promotion: null, build: { releases: { totalCount: 1 } } }] } },
      promotions: { totalCount: 0 },
      events: { nodes: [{ type: "COUPLING_ADDED", pipelineId: one.id }] },
    });
    const whole = await server.admin.ask(query, { id: app.id });
    assert.deepEqual([whole.promotions.totalCount, whole.app.releases.nodes[0].build.releases.totalCount], [1, 2]);
    assert.ok(whole.events.nodes.length > 4, "an unrestricted token sees everything");
  });
});

describe("cached and shared results", () => {
  it("are never sent to a token of the same role with other pipelines", async (t) => {
    const server = await startServer(t);
    const { one, two, three } = await twoOfThree(server);
    const viewers = [
      await createScopedToken(server, "VIEWER", [one]),
      await server.as("VIEWER"),
      await createScopedToken(server, "VIEWER", [two]),
      await createScopedToken(server, "VIEWER", [one, two]),
    ];
    const maySee = [[one], [one, two, three], [two], [one, two]];
    const board =
      "query ($id: ID!) { pipeline(pipeline: $id) { name couplings { app { name currentRelease { version } } } } }";
    for (const round of [1, 2, 3]) {
      for (const pipeline of [one, two, three]) {
        // Start with another one each time.
        for (const offset of [0, 1, 2, 3]) {
          const index = (offset + round) % viewers.length;
          const ask = () => (viewers[index] as Client).ask(board, { id: pipeline.name });
          const answer = await ask();
          const seen = maySee[index]?.includes(pipeline);
          assert.equal(answer.pipeline?.name, seen ? pipeline.name : undefined);
          if (seen) assert.equal(answer.pipeline.couplings.length, 2);
          // Without a hit in the response cache this test would show nothing.
          if (seen && round === 3) {
            const { statements } = await leastStatements(server.app, ask);
            assert.equal(statements, engine === "postgres" ? 1 : 0);
          }
        }
      }
    }
  });

  it("are invalidated when a restricted token changes their data", async (t) => {
    const server = await startServer(t);
    const { one } = await twoOfThree(server);
    const operator = await createScopedToken(server, "OPERATOR", [one]);
    const everybody = [
      operator,
      server.admin,
      await createScopedToken(server, "VIEWER", [one]),
      await server.as("VIEWER"),
    ];
    const query = "query ($id: ID!) { pipeline(pipeline: $id) { description } }";
    for (const description of ["first", "second", "third"]) {
      await operator.mutate("updatePipeline", { pipeline: one.id, description }, "__typename");
      for (const _ of [1, 2]) {
        for (const client of everybody) {
          assert.deepEqual((await client.ask(query, { id: one.id })).pipeline, { description });
        }
      }
    }
  });

  it("respect each subscriber's pipelines, for the same document", async (t) => {
    const server = await startServer(t);
    const { one, two, three } = await twoOfThree(server);
    const follow = "subscription { events { type pipeline { name } ... on ChangeEvent { summary } } }";
    const maySee = new Map<readonly Named[], Client>([
      [[one], await createScopedToken(server, "VIEWER", [one])],
      [[two], await createScopedToken(server, "VIEWER", [two])],
      [[one, two], await createScopedToken(server, "VIEWER", [two, one])],
      [[one, two, three], await server.as("VIEWER")],
    ]);
    const followers = [];
    for (const [pipelines, { secret }] of maySee) {
      // Two of each, so that every shared execution has two subscribers.
      for (const _ of [1, 2]) {
        const socket = await Socket.open(t, server.url, secret);
        const operation = socket.run(follow);
        await socket.run("{ viewer { name } }").until(({ results }) => results.length > 0);
        followers.push({ pipelines, operation });
      }
    }
    for (const round of ["first", "second"]) {
      for (const { id } of [three, two, one]) {
        await server.admin.mutate("updatePipeline", { pipeline: id, description: round }, "__typename");
      }
    }
    // Each sees one of the last two events, and not the other.
    for (const { pipelines, operation } of followers) {
      const expected = [three, two, one].filter((pipeline) => pipelines.includes(pipeline)).map(({ name }) => name);
      const received = await operation.take(2 * expected.length);
      assert.deepEqual(
        received.map(({ pipeline }) => pipeline.name),
        [...expected, ...expected],
      );
    }
    for (const { pipelines, operation } of followers) assert.equal(operation.results.length, 2 * pipelines.length);
  });
});

describe("during a restricted token's subscription", () => {
  const FOLLOW =
    "subscription ($after: EventCursor) { events(after: $after) { type pipelineId ... on ReleaseEvent { release { app { name } } } } }";

  it("events of a deleted pipeline stop, also from the start of the log, and revocation ends the subscription", async (t) => {
    const server = await startServer(t);
    const { one, two, client, token } = await twoOfThree(server);
    const socket = await Socket.open(t, server.url, client.secret);
    const operation = socket.run(FOLLOW);
    await socket.run("{ viewer { name } }").until(({ results }) => results.length > 0);
    const update = (pipeline: Named, description: string) =>
      server.admin.mutate("updatePipeline", { pipeline: pipeline.id, description }, "__typename");
    await update(one, "first");
    await operation.take(1);
    await server.admin.mutate("deletePipeline", { pipeline: one.id }, "__typename");
    await update(two, "last");
    const received = await operation.take(2);
    assert.deepEqual(
      received.map(({ pipelineId }) => pipelineId),
      [one.id, two.id],
    );
    const again = socket.run(FOLLOW, { after: "ZXZlbnQ6MA" });
    await update(two, "very last");
    await operation.take(3);
    const { events } = await client.ask("{ events(first: 100) { nodes { pipelineId } } }");
    const all = await again.take(events.nodes.length);
    assert.deepEqual(
      all.map(({ pipelineId }) => pipelineId),
      events.nodes.map((event: { pipelineId: string }) => event.pipelineId),
    );
    assert.ok(all.every(({ pipelineId }) => pipelineId === two.id || pipelineId === null));
    await server.admin.mutate("revokeToken", { token }, "__typename");
    assert.equal(await socket.closed, 4403);
  });

  it("events of a removed app stop, and its past events show only its name", async (t) => {
    const server = await startServer(t);
    const { one, two, three, client } = await twoOfThree(server);
    const app = (
      await server.admin.ask("query ($id: ID!) { pipeline(pipeline: $id) { couplings { id app { id name } } } }", {
        id: one.id,
      })
    ).pipeline.couplings[0];
    const socket = await Socket.open(t, server.url, client.secret);
    const operation = socket.run(
      "subscription { events(types: [RELEASE_CREATED, COUPLING_REMOVED, PIPELINE_UPDATED]) { type } }",
    );
    await socket.run("{ viewer { name } }").until(({ results }) => results.length > 0);
    const seed = new Seed(server.admin);
    await seed.forcedRelease(app.app);
    await server.admin.mutate("removeCoupling", { coupling: app.id }, "__typename");
    await seed.forcedRelease(app.app);
    await server.admin.mutate("addCoupling", { pipeline: three.id, app: app.app.id, stage: "STAGING" }, "__typename");
    await seed.forcedRelease(app.app);
    await server.admin.mutate("updatePipeline", { pipeline: two.id, description: "last" }, "__typename");
    const received = await operation.take(3);
    assert.deepEqual(
      received.map(({ type }) => type),
      ["RELEASE_CREATED", "COUPLING_REMOVED", "PIPELINE_UPDATED"],
    );
    const history = `{ events(last: 1, types: [RELEASE_CREATED]) { nodes { ... on ReleaseEvent { release { version current state
      statuses { id } app { name description deletedAt coupling { id } currentRelease { id } releases { totalCount nodes { id } } } } } } } }`;
    assert.deepEqual((await client.ask(history)).events.nodes[0].release, {
      ...{ version: 2, current: false, state: null, statuses: [] },
      app: {
        ...{ name: app.app.name, description: "", deletedAt: null, coupling: null, currentRelease: null },
        releases: { totalCount: 0, nodes: [] },
      },
    });
    assert.equal((await client.ask("query ($id: ID!) { app(app: $id) { id } }", { id: app.app.id })).app, null);
  });
});

/** Three pipelines, each with a promotion between two apps, and a token restricted to the first two. */
async function twoOfThree(server: TestServer) {
  const seed = new Seed(server.admin);
  const pipelines: Named[] = [];
  for (const _ of [1, 2, 3]) {
    const repository = `github.com/tests/${unique("repo")}`;
    const pipeline = await seed.pipeline({ repository });
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    await seed.coupled(pipeline, "STAGING");
    await seed.build({ repository, branch: "main" });
    await server.admin.mutate("promote", { app: dev.id }, "promotion { id }");
    pipelines.push(pipeline);
  }
  const [one, two, three] = pipelines as [Named, Named, Named];
  const input = { name: "limited", role: "VIEWER", pipelines: [one.id, two.id] };
  const { secret, token } = await server.admin.mutate("createToken", input, MAKE);
  return { one, two, three, client: new Client(server.url, secret), token: token.id as string };
}
