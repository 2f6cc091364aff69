import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import type { GraphQLField, GraphQLSchema } from "graphql";
import { PROMOTION_EVENTS } from "../../../src/domain/history/subscriptions.js";
import { GithubReport } from "../../../src/entities/github/github-report.js";
import type { Client, GraphQLResponse } from "../../support/clients/client.js";
import { RestClient } from "../../support/clients/rest.js";
import { type Operation, Socket } from "../../support/clients/socket.js";
import { configKeys } from "../../support/data/config-keys.js";
import {
  createBuild,
  createGithubReport,
  createPipelineFixture,
  createScopedToken,
  findIds,
  type PipelineFixture,
  recordCreatedIds,
  reportStatus,
} from "../../support/data/pipeline-fixture.js";
import { type Named, Seed, unique } from "../../support/data/seed.js";
import {
  type CandidateValues,
  combineArguments,
  deepDocument,
  findRelations,
} from "../../support/documents/deep-documents.js";
import { introspect } from "../../support/documents/operations.js";
import { suiteCleanup } from "../../support/service/cleanup.js";
import { ADMIN_SECRET, startServer, type TestServer } from "../../support/service/server.js";

const ROLES = ["VIEWER", "REPORTER", "OPERATOR", "ADMIN"] as const;
/** References that do not exist, in place of foreign objects. */
const UNKNOWN = "01890a5d-ac96-774b-bcce-b302099a8057";
/** The cursor before the first event. */
const START = "ZXZlbnQ6MA";
/** Root fields without data of any pipeline. The administrator has approved what waits, so nothing waits for them. */
const UNSCOPED_FIELDS = ["awaitingMyApproval", "cursor", "viewer", "stages"];

/** The event types of a subscription, if it has not all. */
const SUBSCRIPTION_EVENT_TYPES: Readonly<Record<string, readonly string[]>> = {
  promotionEvents: PROMOTION_EVENTS,
  releaseStatusEvents: ["RELEASE_STATUS_REPORTED"],
};

/** The arguments and the response of a document. */
interface Exchange {
  readonly field: string;
  readonly text: string;
  readonly given: Record<string, unknown>;
}

describe("a token that is restricted to a pipeline", () => {
  let server: TestServer;
  let schema: GraphQLSchema;
  let a: PipelineFixture;
  let b: PipelineFixture;
  let drifter: Named;
  let limited: Client[];
  const hidden = new Set<string>();
  /** For each query field, the visible ids that an unrestricted token sees in it, and the requests that return them. */
  const received = new Map<string, Set<string>>();
  const telling: Exchange[] = [];
  const cleanup = suiteCleanup();

  before(async () => {
    const env = { QUERY_MAX_TOKENS: "50000", QUERY_MAX_COST: "999999999", ...configKeys("k1") };
    server = await startServer(cleanup, { env });
    schema = await introspect(server.admin);
    a = await createPipelineFixture(server, "aside");
    await setConfig(a);
    drifter = await drifterIn(a);
    await hide(async () => {
      b = await createPipelineFixture(server, "bside");
      await setConfig(b);
      await moveOver(drifter);
      // The build is visible, but not that it runs elsewhere.
      await b.admin.mutate(
        "createRelease",
        { app: b.dev.id, build: a.build, description: "bside takes it", force: true, reason: "bside forces it" },
        "__typename",
      );
    });
    await hide(async () => {
      limited = await Promise.all(ROLES.map((role) => createScopedToken(server, role, [a.pipeline])));
    });
    // The log of its pipeline names the one that reads secrets.
    const tokens = (await server.admin.ask("{ tokens(last: 20) { nodes { id name } } }")).tokens.nodes;
    hidden.delete(tokens.find(({ name }: Named) => name === "a limited ADMIN").id);
    // Each of them had an attempt refused, which administrators see in the log.
    for (const client of limited) await client.post("{ tokens { totalCount } }");
    await a.admin.mutate("updatePipeline", { pipeline: a.pipeline.id, description: "aside at last" }, "__typename");
    for (const { name } of queries()) received.set(name, new Set());
    for (const query of questions()) {
      const leaks = leaksIn(JSON.stringify(await server.admin.post(query.text, query.given)), query.given);
      for (const leak of leaks) received.get(query.field)?.add(leak);
      if (leaks.length > 0) telling.push(query);
    }
  });

  /** Records all new ids as invisible to restricted tokens. */
  async function hide(work: () => Promise<unknown>): Promise<void> {
    for (const id of await recordCreatedIds(server, work)) hidden.add(id);
  }

  /** The foreign ids and texts in a response. */
  function leaksIn(text: string, given: Record<string, unknown>): string[] {
    const cursors = [...text.matchAll(/"[\w-]{8,}"/g)].map(([one]) => Buffer.from(one, "base64url").toString("latin1"));
    // Text that an error repeats from the request is no leak.
    const asked = textsIn(given).filter((value) => value !== b.mark);
    const received = asked.reduce((rest, value) => rest.replaceAll(value, ""), `${text} ${cursors.join(" ")}`);
    const marked = /.{0,40}bside.{0,20}/.exec(received)?.[0];
    return [...findIds(received).filter((id) => hidden.has(id)), ...(marked === undefined ? [] : [marked])];
  }

  function getValues(...sides: readonly PipelineFixture[]): CandidateValues {
    const things = sides.flatMap((side) => {
      const { pipeline, dev, review, free, build, pending, release, status, buildStatus } = side;
      const { promotion, target, token, window, freeze, webhook, webhookDelivery } = side;
      const named = [pipeline, dev].flatMap(({ id, name }) => [id, name]);
      const ids = [
        review.id,
        free.id,
        dev.couplingId,
        build,
        pending,
        release,
        status,
        buildStatus,
        promotion,
        target,
        token,
        window,
        freeze,
        webhook,
        webhookDelivery,
      ];
      return [...named, ...ids];
    });
    const inputs = sides.flatMap(({ pipeline, dev, stg, prod, release }) => [
      { app: dev.id },
      { app: stg.name },
      { pipeline: pipeline.name, stage: "STAGING" },
      { pipeline: pipeline.id, stage: "DEVELOPMENT", force: true },
      { app: a.dev.id, targets: [stg.id] },
      { app: a.dev.id, pipeline: pipeline.id },
      { app: a.dev.id, release },
      { app: prod.id },
    ]);
    const texts = sides.flatMap(({ mark, repository }) => [mark, repository, `${mark}-main`, `${mark}-region`]);
    return { ids: [...things, drifter.id, drifter.name], texts, inputs: { PromoteInput: inputs } };
  }

  const queries = (): GraphQLField<unknown, unknown>[] => Object.values(schema.getQueryType()?.getFields() ?? {});
  const subscriptions = () => Object.values(schema.getSubscriptionType()?.getFields() ?? {});

  const documents = new Map<string, string>();

  /** The deepest document for a query field with arguments. */
  function getDocument(field: GraphQLField<unknown, unknown>, given: Record<string, unknown>): string {
    const key = [field.name, ...Object.keys(given)].join(" ");
    const text = documents.get(key) ?? deepDocument(schema, "query", field, given).text;
    documents.set(key, text);
    return text;
  }

  /** Every query field with every argument, for both pipelines. */
  function questions(): Exchange[] {
    return queries().flatMap((field) =>
      combineArguments(field, getValues(a, b)).map((given) => {
        return { field: field.name, text: getDocument(field, given), given };
      }),
    );
  }

  it("sees its pipeline through every query field and relation; an unrestricted token sees everything", async () => {
    const asked = new Set(questions().map(({ field }) => field));
    assert.deepEqual(
      [...asked].sort(),
      queries()
        .map(({ name }) => name)
        .sort(),
    );
    const deep = [
      ...queries().map((field) => deepDocument(schema, "query", field, combineArguments(field, getValues(a))[0] ?? {})),
      ...subscriptions().map((field) => deepDocument(schema, "subscription", field, {})),
    ];
    const relations = new Set(deep.flatMap((document) => [...document.relations]));
    assert.deepEqual(
      [...findRelations(schema)].filter((relation) => !relations.has(relation)),
      [],
    );

    const silent = [...received].filter(([, leaks]) => leaks.size === 0).map(([field]) => field);
    assert.deepEqual(
      silent.sort(),
      [...UNSCOPED_FIELDS].sort(),
      "an unrestricted token sees the other pipeline in every field",
    );
    const all = new Set([...received.values()].flatMap((leaks) => [...leaks]));
    assert.deepEqual(
      [...hidden].filter((id) => !all.has(id)),
      [],
      "each id is told of somewhere",
    );
  });

  for (const [index, role] of ROLES.entries()) {
    it(`sees nothing else in any response, as ${role}`, async () => {
      const client = limited[index] as Client;
      // Each token knows its own id.
      const { subject } = (await client.ask("{ viewer { subject } }")).viewer;
      let seen = 0;
      for (const { field, text, given } of role === "VIEWER" ? questions() : telling) {
        const answer: GraphQLResponse<unknown> = await client.post(text, given);
        const reported = JSON.stringify(answer);
        const leaks = leaksIn(reported, given).filter((leak) => leak !== subject);
        assert.deepEqual(leaks, [], `${field} ${JSON.stringify(given)}`);
        for (const { extensions, message } of answer.errors ?? []) {
          assert.notEqual(extensions.code, "INTERNAL_SERVER_ERROR", `${field} ${JSON.stringify(given)}: ${message}`);
        }
        if (reported.includes(a.pipeline.name)) seen += 1;
      }
      assert.ok(seen > 10, "its own pipeline is seen");
    });
  }

  it("gets the same response for invisible and for nonexistent objects", async () => {
    const client = limited[0] as Client;
    const theirs = getValues(b);
    for (const field of queries()) {
      for (const given of combineArguments(field, { ...theirs, texts: [] })) {
        const text = JSON.stringify(given);
        const named = theirs.ids.filter((id) => text.includes(`"${id}"`));
        if (named.length === 0) continue;
        const other = named.reduce((words, id) => words.replaceAll(`"${id}"`, `"${unknown(id)}"`), text);
        const document = getDocument(field, given);
        const [hiddenAnswer, unknownAnswer] = [
          await client.post(document, given),
          await client.post(document, JSON.parse(other)),
        ];
        const worded = named.reduce((words, id) => words.replaceAll(id, unknown(id)), JSON.stringify(hiddenAnswer));
        assert.equal(worded, JSON.stringify(unknownAnswer), `${field.name} ${text}`);
      }
    }
  });

  it("sees nothing else through the Platform API", async () => {
    const paths = await platformPaths();
    const everything = new RestClient(server.url, ADMIN_SECRET);
    const found = new Set<string>();
    const telling: string[] = [];
    for (const path of paths) {
      const { body } = await everything.get(path);
      const leaks = leaksIn(JSON.stringify(body), { path: path.split(/[/?]/) });
      for (const leak of leaks) found.add(leak);
      if (leaks.length > 0) telling.push(path);
    }
    assert.ok(found.size > 12, `an unrestricted token sees the other pipeline: ${[...found].length}`);
    for (const [index, client] of limited.entries()) {
      const rest = new RestClient(server.url, client.secret);
      for (const path of index === 0 ? paths : telling) {
        const { status, body } = await rest.get(path);
        assert.ok(status < 500, `${path}: ${status}`);
        assert.deepEqual(leaksIn(JSON.stringify(body), { path: path.split(/[/?]/) }), [], path);
      }
      const filter = { in: { id: [a.dev.id, b.dev.id, drifter.id] } };
      const { body } = await rest.post("/filters/apps", filter);
      assert.deepEqual(
        body.map((app: Named) => app.id),
        [a.dev.id],
      );
    }
  });

  /** Gives the development app of a fixture a secret and a public config var. */
  async function setConfig({ admin, dev, mark }: PipelineFixture): Promise<void> {
    const description = `${mark} config`;
    const set = [
      { key: "SECRET", value: `${mark} secret`, description },
      { key: `${mark}_PLAIN`, value: `${mark} plain`, secret: false, required: true },
    ];
    await admin.mutate("setConfig", { app: dev.id, set }, "__typename");
  }

  /** Every GET path, with objects of both pipelines as its parameters, also mixed. */
  async function platformPaths(): Promise<string[]> {
    const document = (await (await fetch(`${server.url}/openapi.json`)).json()) as { paths: Record<string, object> };
    const values: Record<string, (side: PipelineFixture) => string[]> = {
      pipeline: ({ pipeline }) => [pipeline.id, pipeline.name],
      owner: ({ dev, pipeline }) => [dev.name, pipeline.name],
      webhook: ({ webhook }) => [webhook],
      delivery: ({ webhookDelivery }) => [webhookDelivery],
      event: () => ["ZXZlbnQ6MQ"],
      app: ({ dev, free }) => [dev.id, dev.name, free.id, drifter.name],
      coupling: ({ dev }) => [dev.couplingId],
      promotion: ({ promotion }) => [promotion],
      build: ({ build }) => [build],
      slug: ({ build, pending }) => [build, pending],
      release: ({ release }) => [release, "1", "v2"],
      status: ({ status, mark }) => [status, encodeURIComponent(`${mark}/qa`)],
      name: ({ mark }) => ["railyard", mark],
      space: ({ mark }) => ["default", mark],
      stack: ({ mark }) => ["container", mark],
    };
    return Object.entries(document.paths).flatMap(([path, methods]) => {
      if (!("get" in methods)) return [];
      let paths = [path];
      for (const [parameter = "", name = ""] of path.matchAll(/\{(\w+)\}/g)) {
        const given = values[name] ?? assert.fail(`Nothing says what to give for ${name} in ${path}.`);
        paths = paths.flatMap((one) => [...given(a), ...given(b)].map((value) => one.replace(parameter, value)));
      }
      return paths;
    });
  }

  it("receives nothing else through any subscription, from the first event on and live", async (t) => {
    const everything = await Socket.open(t, server.url, ADMIN_SECRET);
    const sockets = await Promise.all(limited.map(({ secret }) => Socket.open(t, server.url, secret)));
    const run = (socket: Socket, given: Record<string, unknown>) =>
      subscriptions().map((field) => socket.run(deepDocument(schema, "subscription", field, given).text, given));
    const all = run(everything, { after: START });
    const received = sockets.map((socket) => run(socket, { after: START }));
    const live = sockets.map((socket) => run(socket, {}));
    // Operations on a socket run in order, so earlier ones are active once this one responds.
    for (const socket of sockets) await socket.run("{ viewer { name } }").until(({ results }) => results.length > 0);
    await hide(() => actOn(b));
    await actOn(a);
    const list = "query ($types: [EventType!]) { events(last: 100, types: $types) { nodes { cursor } } }";
    const listedTo = async (client: Client, types: readonly string[] | null): Promise<unknown[]> =>
      (await client.ask(list, { types })).events.nodes.map(getCursor);
    for (const [index, { name }] of subscriptions().entries()) {
      const types =
        SUBSCRIPTION_EVENT_TYPES[name] ??
        (name === "events" ? null : assert.fail(`There are no event types for ${name}.`));
      const ends = (operation: Operation | undefined, cursor: unknown) =>
        operation?.until(({ events }) => getCursor(events.at(-1) ?? {}) === cursor);
      await ends(all[index], (await listedTo(server.admin, types)).at(-1));
      const expected = await listedTo(limited[0] as Client, types);
      for (const operations of [...received, ...live]) await ends(operations[index], expected.at(-1));
      for (const operations of received)
        assert.deepEqual(operations[index]?.events.map(getCursor).slice(-100), expected);
    }
    for (const operation of [...received, ...live].flat()) {
      assert.equal(operation.errors, null);
      for (const result of operation.results) {
        assert.deepEqual(leaksIn(JSON.stringify(result), {}), []);
        assert.equal(result.errors, undefined, JSON.stringify(result.errors));
      }
    }
    assert.ok(all.some(({ results }) => leaksIn(JSON.stringify(results), {}).length > 50));
  });

  it("cannot subscribe to objects elsewhere, with the same error as for nonexistent ones", async (t) => {
    const socket = await Socket.open(t, server.url, (limited[0] as Client).secret);
    const { pipeline, dev, release, promotion } = b;
    const cases: [string, string, string][] = [
      ...["promotionEvents", "releaseStatusEvents", "events"].flatMap((name): [string, string, string][] => [
        [name, "pipeline", pipeline.id],
        [name, "pipeline", pipeline.name],
        [name, "app", dev.id],
        [name, "app", drifter.name],
      ]),
      ["promotionEvents", "promotion", promotion],
      ["releaseStatusEvents", "release", release],
    ];
    const args = subscriptions().flatMap(({ args }) => args.filter(({ type }) => String(type) === "ID"));
    assert.deepEqual(
      [...new Set(args.map(({ name }) => name))].sort(),
      [...new Set(cases.map(([, arg]) => arg))].sort(),
    );
    for (const [name, arg, reference] of cases) {
      const refusal = (id: string) =>
        socket.run(`subscription ($id: ID) { ${name}(${arg}: $id) { cursor } }`, { id }).error();
      const { message, extensions } = await refusal(reference);
      const other = await refusal(unknown(reference));
      assert.equal(extensions.code, "NOT_FOUND");
      assert.deepEqual([message.replace(reference, unknown(reference)), extensions], [other.message, other.extensions]);
    }
  });

  /** Makes changes of every kind in one pipeline. */
  async function actOn({ admin, mark, pipeline, dev, stg, build, deploying }: PipelineFixture): Promise<void> {
    await createBuild(admin, mark);
    await reportStatus(admin, { build, context: `${mark}/live`, state: "SUCCESS", description: `${mark} live` });
    await admin.mutate("createRelease", { app: dev.id, build, description: `${mark} live` }, "__typename");
    await admin.mutate("promote", { app: dev.id, targets: [stg.id], reason: `${mark} live` }, "__typename");
    await admin.mutate("reportDeployment", { release: deploying, phase: "SUCCEEDED" }, "__typename");
    await new Seed(admin).app({ name: unique(mark) });
    await admin.mutate("updatePipeline", { pipeline: pipeline.id, description: `${mark} lives` }, "__typename");
  }

  /** An app that was in the pipeline, with its history there. */
  async function drifterIn({ admin, pipeline, dev, build }: PipelineFixture): Promise<Named> {
    const seed = new Seed(admin);
    const app = await seed.app({ name: unique("drifter"), deploymentMode: "REPORTED", description: "aside drifts" });
    await admin.mutate("addCoupling", { pipeline: pipeline.id, app: app.id, stage: "STAGING" }, "__typename");
    const { id } = await seed.release(app, { id: build });
    await reportStatus(admin, { release: id, context: "aside/drift", state: "PENDING", description: "aside drifts" });
    await admin.mutate("promote", { app: dev.id, targets: [app.id] }, "__typename");
    return app;
  }

  /** Moves the app to the other pipeline. Its events there are invisible to the first. */
  async function moveOver({ id }: Named): Promise<void> {
    const { coupling } = await b.admin.ask(
      "query ($id: ID!) { coupling(app: $id) { id app { releases { nodes { id version } } } } }",
      { id },
    );
    // Its removal is an event of this pipeline too, and so is the further progress of a promotion that targets it.
    await server.admin.mutate("removeCoupling", { coupling: coupling.id }, "__typename");
    await b.admin.mutate("addCoupling", { pipeline: b.pipeline.id, app: id, stage: "STAGING" }, "__typename");
    await b.admin.mutate("updateApp", { app: id, description: "bside now", region: "bside-region" }, "__typename");
    const first = coupling.app.releases.nodes.find(({ version }: { version: number }) => version === 1).id;
    await server.app.database.write((tx) => tx.insert(GithubReport, [createGithubReport(first, id, b.mark)]));
    await reportStatus(b.admin, {
      release: first,
      context: "aside/drift",
      state: "FAILURE",
      description: "bside drifts",
    });
    await server.admin.mutate(
      "reportDeployment",
      { release: first, phase: "FAILED", failureReason: "bside failed" },
      "__typename",
    );
    await b.admin.mutate("createRelease", { app: id, build: b.build, description: "bside release" }, "__typename");
  }
});

/** All texts in a value. */
function textsIn(given: unknown): string[] {
  if (typeof given === "string") return given === "" ? [] : [given];
  return given !== null && typeof given === "object" ? Object.values(given).flatMap(textsIn) : [];
}

/** A nonexistent reference of the same form: an id for an id, a name for a name. */
function unknown(reference: string): string {
  return findIds(reference).length > 0 ? UNKNOWN : "zside-000000000000";
}

/** Finds an event's cursor in a generated document, under any alias. */
function getCursor(event: Record<string, unknown>): unknown {
  return Object.entries(event).find(([name]) => name === "cursor" || name.endsWith("_cursor"))?.[1];
}
