import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { decodeCursor } from "../../src/entities/history/event-cursor.js";
import { Client } from "../support/clients/client.js";
import { type Named, Seed, unique } from "../support/data/seed.js";
import { temporaryFolder } from "../support/service/server.js";
import { startProcess } from "../support/service/server-process.js";

const SECRET = "an-administrator-who-is-cut-off-here";
const ROUNDS = 4;
const WRITERS = 6;
/** Number of acknowledged mutations in a round after which the server is killed, with others in flight. */
const ACKNOWLEDGED = 120;
const TARGETS = 3;

/** Everything that the server acknowledged, over all rounds. */
interface Acknowledged {
  readonly apps: Set<string>;
  readonly promotions: Set<string>;
}

describe("a server that is killed", () => {
  it("has stored every acknowledged mutation, and no partial one", async (t) => {
    const environment = {
      DATABASE_URL: `sqlite:${join(temporaryFolder(t), "railyard.sqlite")}`,
      ADMIN_TOKEN: SECRET,
      LOG_LEVEL: "silent",
    };
    const acknowledged: Acknowledged = { apps: new Set(), promotions: new Set() };
    const prefix = unique("kept");
    let server = startProcess(t, environment);
    let client = new Client(await server.ready(), SECRET);
    const source = await furnish(client);

    for (let round = 1; round <= ROUNDS; round += 1) {
      let count = 0;
      const acknowledge = (into: Set<string>, id: string) => {
        into.add(id);
        count += 1;
        if (count === ACKNOWLEDGED) server.signal("SIGKILL");
      };
      const writers = Array.from({ length: WRITERS }, (_, index) =>
        write(client, { prefix, round, index, source }, acknowledged, acknowledge),
      );
      await Promise.all(writers);
      assert.equal(await server.exit(), "SIGKILL");
      server = startProcess(t, environment);
      client = new Client(await server.ready(), SECRET);
      await inspect(client, prefix, acknowledged);
    }
    assert.ok(acknowledged.apps.size > ROUNDS * 20 && acknowledged.promotions.size > ROUNDS * 5, "there was a load");
  });
});

/** Creates a pipeline with a released app and apps to promote it to. Returns the app. */
async function furnish(client: Client): Promise<Named> {
  const seed = new Seed(client);
  const pipeline = await seed.pipeline();
  const source = await seed.coupled(pipeline, "DEVELOPMENT");
  for (let index = 0; index < TARGETS; index += 1) await seed.coupled(pipeline, "STAGING");
  await seed.release(source);
  return source;
}

/** Writes until the server is gone: apps, refused apps and promotions. */
async function write(
  client: Client,
  place: { readonly prefix: string; readonly round: number; readonly index: number; readonly source: Named },
  { apps, promotions }: Acknowledged,
  acknowledge: (into: Set<string>, id: string) => void,
): Promise<void> {
  const { prefix, round, index, source } = place;
  for (let turn = 0; ; turn += 1) {
    const name = `${prefix}-${round}-${index}-${turn}`;
    try {
      acknowledge(apps, (await client.mutate("createApp", { name }, "app { name }")).app.name);
      // The name is taken, so this is refused and must not create a second app.
      const refusal = await client.mutationError("createApp", { name });
      assert.equal(refusal.extensions.code, "CONFLICT");
      const { promotion } = await client.mutate("promote", { app: source.id }, "promotion { id }");
      acknowledge(promotions, promotion.id);
    } catch (error) {
      // The connection was lost: the last mutation may be stored or not, but not partially.
      if (error instanceof TypeError || error instanceof SyntaxError) return;
      throw error;
    }
  }
}

async function inspect(client: Client, prefix: string, acknowledged: Acknowledged): Promise<void> {
  const apps = await all(client, `apps(nameContains: "${prefix}"`, "name");
  const names = new Set(apps.map((app) => app.name));
  assert.equal(apps.length, names.size, "no app is there twice");
  assert.deepEqual(
    [...acknowledged.apps].filter((name) => !names.has(name)),
    [],
    "every acknowledged app is there",
  );

  const promotions = await all(
    client,
    "promotions(",
    "id phase targets { app { name } release { version phase promotion { id } } }",
  );
  const ids = new Set(promotions.map((promotion) => promotion.id));
  const lost = [...acknowledged.promotions].filter((id) => !ids.has(id));
  assert.deepEqual(lost, [], "every acknowledged promotion is there");
  const versions = new Map<string, number[]>();
  for (const { id, phase, targets } of promotions) {
    assert.deepEqual([phase, targets.length], ["SUCCEEDED", TARGETS], "a promotion has all of its targets");
    for (const { app, release } of targets) {
      assert.deepEqual([release.phase, release.promotion.id], ["SUCCEEDED", id]);
      versions.set(app.name, [...(versions.get(app.name) ?? []), release.version]);
    }
  }
  for (const [app, found] of versions) {
    const counted = promotions.map((_, index) => index + 1);
    assert.deepEqual(
      found.sort((a, b) => a - b),
      counted,
      `the releases of ${app} count 1, 2, 3 …`,
    );
  }

  const events = await all(
    client,
    "events(",
    "cursor type ... on ChangeEvent { subjectName } ... on PromotionEvent { promotion { id } }",
  );
  const positions = events.map((event) => decodeCursor(event.cursor));
  assert.deepEqual(
    positions,
    positions.map((_, index) => index + 1),
    "the log has no gaps",
  );
  const getEvents = (type: string) => events.filter((event) => event.type === type);
  const made = getEvents("APP_CREATED").map((event) => event.subjectName);
  assert.deepEqual(made.filter((name) => name.startsWith(prefix)).sort(), [...names].sort(), "an event for each app");
  for (const type of ["PROMOTION_STARTED", "PROMOTION_FINISHED"]) {
    assert.deepEqual(
      getEvents(type)
        .map((event) => event.promotion.id)
        .sort(),
      [...ids].sort(),
      `a ${type} for each`,
    );
  }
  assert.equal(getEvents("PROMOTION_TARGET_CHANGED").length, ids.size * TARGETS);
}

/** Returns all nodes of a list, page by page. */
// biome-ignore lint/suspicious/noExplicitAny: the caller knows the shape of the selected data.
async function all(client: Client, call: string, selection: string): Promise<any[]> {
  const nodes = [];
  for (let after: string | null = null; ; ) {
    const begin: string = after === null ? "" : `, after: "${after}"`;
    const { list } = await client.ask(
      `{ list: ${call} first: 100${begin}) { nodes { ${selection} } pageInfo { hasNextPage endCursor } } }`,
    );
    nodes.push(...list.nodes);
    if (!list.pageInfo.hasNextPage) return nodes;
    after = list.pageInfo.endCursor;
  }
}
