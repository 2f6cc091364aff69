import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { ChangeEvent } from "../../src/entities/history/change-event.js";
import { Feed } from "../../src/events/feed/feed.js";
import { keysOfEvent, keysOfFilter, matches } from "../../src/events/match.js";
import { type Operation, Socket } from "../support/clients/socket.js";
import { type Named, Seed } from "../support/data/seed.js";
import { runsPerEngine } from "../support/database/engine.js";
import { ADMIN_SECRET, startServer, type TestServer } from "../support/service/server.js";

/** For thousands of runs: `PROPERTY_RUNS=5000 node --test dist/test/events/feed.property.test.js`. */
const RUNS = Number(process.env.PROPERTY_RUNS ?? runsPerEngine(200));

const CONTEXTS = ["ci/build", "ci/test", "qa/smoke"];
const PIPELINES = 2;
const APPS = 4;

/** A reader's filter. Pipelines and apps are numbers. */
interface Filter {
  readonly field: "events" | "promotionEvents" | "releaseStatusEvents";
  readonly pipeline: number | null;
  readonly app: number | null;
  readonly types: readonly string[] | null;
  readonly contexts: readonly string[] | null;
}

const filters: fc.Arbitrary<Filter> = fc.record({
  field: fc.constantFrom("events", "promotionEvents", "releaseStatusEvents"),
  pipeline: fc.option(fc.nat(PIPELINES - 1)),
  app: fc.option(fc.nat(APPS - 1)),
  types: fc.option(fc.subarray(["RELEASE_CREATED", "RELEASE_STATUS_REPORTED", "PROMOTION_FINISHED", "BUILD_UPDATED"])),
  contexts: fc.option(fc.subarray(CONTEXTS)),
});

const steps = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("release" as const), app: fc.nat(APPS - 1) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("report" as const), app: fc.nat(APPS - 1), context: fc.nat(2) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("promote" as const), pipeline: fc.nat(PIPELINES - 1) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("kill" as const), reader: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const), reader: fc.nat(3) }) },
);

/** A reader that is disconnected at random moments and resumes from its last cursor. */
class Reader {
  readonly seen: string[] = [];
  #socket: Socket | null = null;
  #operation: Operation | null = null;

  constructor(
    readonly world: World,
    readonly filter: Filter,
    readonly start: string,
  ) {}

  async connect(): Promise<void> {
    this.#socket = await Socket.open(
      { after: (undo) => this.world.undo.push(undo) },
      this.world.server.url,
      ADMIN_SECRET,
    );
    this.#operation = this.#socket.run(
      `subscription (${DECLARED[this.filter.field]}) {
      ${this.filter.field}(${PASSED[this.filter.field]}) { cursor } }`,
      {
        ...this.world.variables(this.filter),
        after: this.seen.at(-1) ?? this.start,
      },
    );
  }

  /** Closes the socket, keeps the received events, and reconnects. */
  async kill(): Promise<void> {
    this.#socket?.ws.terminate();
    this.#keep();
    await this.connect();
  }

  /** Receives until there are `count` events. A duplicate before the last one would show as a wrong sequence. */
  async finish(count: number): Promise<string[]> {
    await this.#operation?.until(
      ({ results, errors }) => this.seen.length + results.length >= count || errors !== null,
    );
    assert.equal(this.#operation?.errors, null);
    this.#keep();
    this.#socket?.ws.terminate();
    return this.seen;
  }

  #keep(): void {
    this.seen.push(...(this.#operation?.events.map((event) => event.cursor) ?? []));
    this.#operation = null;
  }
}

const DECLARED = {
  events: "$pipeline: ID, $app: ID, $types: [EventType!], $after: EventCursor",
  promotionEvents: "$pipeline: ID, $app: ID, $after: EventCursor",
  releaseStatusEvents: "$pipeline: ID, $app: ID, $contexts: [String!], $after: EventCursor",
};
const PASSED = {
  events: "pipeline: $pipeline, app: $app, types: $types, after: $after",
  promotionEvents: "pipeline: $pipeline, app: $app, after: $after",
  releaseStatusEvents: "pipeline: $pipeline, app: $app, contexts: $contexts, after: $after",
};

interface Logged {
  readonly cursor: string;
  readonly type: string;
  readonly pipelineId: string | null;
  readonly context?: string;
  readonly apps: readonly string[];
}

class World {
  readonly pipelines: Named[] = [];
  readonly apps: Named[] = [];
  readonly releases: { readonly id: string }[] = [];
  readonly undo: (() => unknown)[] = [];
  build = { id: "" };
  #count = 0;

  constructor(readonly server: TestServer) {}

  get seed(): Seed {
    return new Seed(this.server.admin);
  }

  async make(): Promise<void> {
    for (let index = 0; index < PIPELINES; index += 1) this.pipelines.push(await this.seed.pipeline());
    for (let index = 0; index < APPS; index += 1) {
      const stage = index < PIPELINES ? "DEVELOPMENT" : "STAGING";
      this.apps.push(await this.seed.coupled(this.pipelines[index % PIPELINES] as Named, stage));
    }
    this.build = await this.seed.build();
    for (const app of this.apps) this.releases.push(await this.seed.release(app, this.build));
  }

  variables({ pipeline, app, types, contexts }: Filter) {
    const named = {
      pipeline: pipeline === null ? null : (this.pipelines[pipeline] as Named).id,
      app: app === null ? null : (this.apps[app] as Named).name,
    };
    return { ...named, ...(types !== null && { types }), ...(contexts !== null && { contexts }) };
  }

  async head(): Promise<string> {
    const { events } = await this.server.admin.ask("{ events(last: 1) { nodes { cursor } } }");
    return events.nodes[0].cursor;
  }

  async act(step: { do: "release" | "report" | "promote"; app?: number; context?: number; pipeline?: number }) {
    const app = this.apps[step.app ?? step.pipeline ?? 0] as Named;
    if (step.do === "release") return this.seed.release(app, this.build);
    if (step.do === "promote") return this.server.admin.mutate("promote", { app: app.name }, "promotion { id }");
    this.#count += 1;
    return this.server.admin.mutate(
      "reportStatus",
      {
        release: this.releases[step.app ?? 0]?.id,
        context: CONTEXTS[step.context ?? 0],
        state: "SUCCESS",
        description: `${this.#count}`,
      },
      "status { id }",
    );
  }

  /** The whole log after a cursor, read page by page through the API. */
  async log(start: string): Promise<Logged[]> {
    const found: Logged[] = [];
    for (let after = start, more = true; more; ) {
      const { events } = await this.server.admin.ask(
        `query ($after: EventCursor) { events(after: $after, first: 100) { pageInfo { hasNextPage endCursor } nodes {
          cursor type pipelineId
          ... on ReleaseEvent { release { app { id } } }
          ... on ReleaseStatusEvent { context release { app { id } } }
          ... on PromotionEvent { promotion { source { id } targets { app { id } } } target { app { id } } }
        } } }`,
        { after },
      );
      for (const { release, promotion, target, ...event } of events.nodes) {
        const concerned = release
          ? [release.app.id]
          : promotion
            ? [promotion.source.id, ...(target ? [target] : promotion.targets).map((one: { app: Named }) => one.app.id)]
            : [];
        found.push({ ...event, apps: concerned });
      }
      more = events.pageInfo.hasNextPage;
      after = events.pageInfo.endCursor;
    }
    return found;
  }

  /** Applies a filter by its definition. */
  select(log: readonly Logged[], { field, pipeline, app, types, contexts }: Filter): string[] {
    return log
      .filter((event) => pipeline === null || event.pipelineId === this.pipelines[pipeline]?.id)
      .filter((event) => app === null || event.apps.includes(this.apps[app]?.id ?? ""))
      .filter((event) => {
        if (field === "promotionEvents") return event.type.startsWith("PROMOTION_");
        if (field === "events") return types === null || types.includes(event.type);
        return (
          event.type === "RELEASE_STATUS_REPORTED" && (contexts === null || contexts.includes(event.context ?? ""))
        );
      })
      .map((event) => event.cursor);
  }
}

describe("a subscriber of the log", () => {
  let world: World;
  const cleanups: (() => unknown)[] = [];
  before(async () => {
    world = new World(await startServer({ after: (step) => cleanups.push(step) }));
    await world.make();
  });
  after(async () => {
    for (const step of [...cleanups.reverse()]) await step();
  });

  it("receives the matching events in order, each once, however often its socket is closed", async () => {
    const property = fc.asyncProperty(
      fc.array(filters, { minLength: 1, maxLength: 4 }),
      fc.array(steps, { minLength: 3, maxLength: 8 }),
      async (wanted, plan) => {
        const start = await world.head();
        const readers = wanted.map((filter) => new Reader(world, filter, start));
        await Promise.all(readers.map((reader) => reader.connect()));
        // Writers do not wait for readers, nor for each other. Readers are disconnected while they write.
        const writing: Promise<unknown>[] = [];
        for (const step of plan) {
          if (step.do === "kill") await readers[step.reader % readers.length]?.kill();
          else if (step.do === "restart") readers.push(new Reader(world, wanted[0] as Filter, start));
          else writing.push(world.act(step));
          if (step.do === "restart") await readers.at(-1)?.connect();
        }
        await Promise.all(writing);
        const log = await world.log(start);
        for (const reader of readers) {
          const expected = world.select(log, reader.filter);
          assert.deepEqual(await reader.finish(expected.length), expected);
        }
        for (const step of world.undo.splice(0)) step();
      },
    );
    await fc.assert(property, { numRuns: RUNS, endOnFailure: true });
  });
});

describe("the keys of a filter", () => {
  it("contain one of every event that matches", () => {
    const id = fc.constantFrom("one", "two");
    const type = fc.constantFrom("RELEASE_CREATED", "PROMOTION_FINISHED", "BUILD_UPDATED");
    const filter = fc.record({
      ...{ pipeline: fc.option(id), app: fc.option(id), promotion: fc.option(id), release: fc.option(id) },
      ...{
        types: fc.option(fc.subarray(["RELEASE_CREATED", "PROMOTION_FINISHED"])),
        within: fc.option(fc.subarray(["one", "two"])),
      },
    });
    const event = fc.record({
      ...{ pipelineId: fc.option(id), promotionId: fc.option(id), releaseId: fc.option(id), type },
      context: fc.constant(null),
    });
    const property = fc.property(filter, event, fc.subarray(["one", "two"]), (wanted, fields, apps) => {
      const event = Object.assign(new ChangeEvent(), fields);
      fc.pre(matches(wanted, event, apps));
      const keys = keysOfEvent(event, apps);
      assert.ok(keysOfFilter(wanted).some((key) => keys.includes(key)));
    });
    fc.assert(property, { numRuns: 1000 });
  });
});

describe("many followers of one event", () => {
  it("are woken in parts, so that the event loop serves others in between", async (t) => {
    const server = await startServer(t);
    const never = () => assert.fail("The log neither went back nor failed.");
    const feed = new Feed(server.app.database, { expired: never, failed: never, rewound: never });
    t.after(() => feed.close());
    let woken = 0;
    const ended = new AbortController();
    const followers = await Promise.all(
      Array.from({ length: 300 }, () => feed.follow({ types: ["APP_CREATED"] }, null, ended.signal)),
    );
    const reading = followers.map(async (follower) => {
      const { value } = await follower.next();
      woken += 1;
      assert.equal(value?.type, "APP_CREATED");
    });
    let mostPerTurn = 0;
    let isOver = false;
    const turns = (async () => {
      while (!isOver) {
        const before = woken;
        await new Promise((resolve) => setImmediate(resolve));
        mostPerTurn = Math.max(mostPerTurn, woken - before);
      }
    })();
    await new Seed(server.admin).app();
    await Promise.all(reading);
    isOver = true;
    await turns;
    assert.equal(woken, 300);
    assert.ok(mostPerTurn <= 64, `${mostPerTurn} in one turn of the event loop`);
  });
});
