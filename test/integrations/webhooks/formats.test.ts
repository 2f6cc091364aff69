import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { customType } from "../../../src/domain/webhooks/formats/cdevents.js";
import { EventType } from "../../../src/entities/history/event-type.js";
import { findFaults } from "../../support/data/cdevents-rules.js";
import { loadCdEvents } from "../../support/data/cdevents-schemas.js";
import { configKeys } from "../../support/data/config-keys.js";
import { Seed, unique } from "../../support/data/seed.js";
import { createWebhook, LOCAL, untilWebhook } from "../../support/data/webhooks.js";
import { type Received, Receiver } from "../../support/network/webhook-receiver.js";
import { suiteCleanup } from "../../support/service/cleanup.js";
import { startServer, type TestServer } from "../../support/service/server.js";

const PAGE = "https://railyard.example.com/base";
const DIGEST = `sha256:${"0b31b1c0".repeat(8)}`;
const schemas = await loadCdEvents();

describe("the formats of webhooks", () => {
  let server: TestServer;
  const receivers = new Map<string, Receiver>();
  const ids = new Map<string, string>();
  const things = { app: "", dev: "", pipeline: "", removed: "" };
  const cleanup = suiteCleanup();

  before(async () => {
    server = await startServer(cleanup, { env: { ...LOCAL, ...configKeys("k1"), PUBLIC_URL: `${PAGE}/` } });
    const seed = new Seed(server.admin);
    for (const format of ["RAILYARD", "CLOUDEVENTS", "CDEVENTS", "SLACK"]) {
      const receiver = await Receiver.start(cleanup);
      const { id } = await createWebhook(server.admin, receiver.url, { format, types: null });
      receivers.set(format, receiver);
      ids.set(format, id);
      await server.admin.mutate("testWebhook", { webhook: id }, "delivery { problem }");
    }
    const repository = `github.com/acme/${unique("shop")}`;
    const pipeline = await seed.pipeline({ name: unique("a-b"), repository });
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const stg = await seed.coupled(pipeline, "STAGING", { deploymentMode: "REPORTED", requiredChecks: ["ci/<test>"] });
    const artifact = `registry.test/acme/shop:1@${DIGEST}`;
    const build = await seed.build({ repository, artifact });
    await server.admin.mutate("reportStatus", { build: build.id, context: "ci/x", state: "SUCCESS" }, "status { id }");
    await seed.release(dev, build);
    await seed.release(dev, await seed.build({ repository }));
    await server.admin.mutate("rollback", { app: dev.id }, "release { id }");
    const forced = { app: dev.id, force: true, reason: "Fixes <everything> & more" };
    const { promotion } = await server.admin.mutate("promote", forced, "promotion { targets { release { id } } }");
    const report = { release: promotion.targets[0].release.id, phase: "FAILED", failureReason: "The disk is full" };
    await server.admin.mutate("reportDeployment", report, "release { id }");
    const config = { app: dev.id, set: ["B", "A"].map((key) => ({ key, value: "canary-value" })) };
    await server.admin.mutate("setConfig", config, "app { config { value } }");
    // The end of its summary must not be taken for that of a build that SUCCEEDED.
    const quarantine = { build: build.id, fromStage: "PRODUCTION", reason: "Not every test SUCCEEDED" };
    await server.admin.mutate("quarantineBuild", quarantine, "build { id }");
    await server.admin.mutate("releaseBuild", { build: build.id, reason: "By now it has" }, "build { id }");
    const gone = await seed.app();
    await server.admin.mutate("deleteApp", { app: gone.id }, "deletedAppId");
    Object.assign(things, { app: stg.name, dev: dev.name, pipeline: pipeline.name, removed: gone.name });
    for (const id of ids.values()) await untilWebhook(server, id, (webhook) => webhook.behind === 0);
  });

  const of = (format: string): readonly Received[] => receivers.get(format)?.received ?? [];

  it("are thin in RAILYARD: ids, names, phases, who, one sentence, a link and the cursor", () => {
    const events = of("RAILYARD").map(({ json }) => json);
    // A test is sent at once, in no order with the events of the log.
    const first = events.find(({ type }) => type !== "TEST");
    assert.equal(first.type, "WEBHOOK_CREATED");
    assert.deepEqual(events.find(({ type }) => type === "TEST")?.data, {
      summary: `Test of webhook ${first.data.subject.name}, requested by admin`,
    });
    const finished = events.find(({ type }) => type === "PROMOTION_FINISHED");
    const { cursor, pipeline, app, build, release, promotion, ...data } = finished.data;
    assert.match(cursor, /^[\w-]+$/);
    assert.deepEqual(
      [pipeline.name, app.name, build.commit.length, release.version],
      [things.pipeline, things.dev, 40, 3],
    );
    assert.deepEqual(data, {
      summary: `Promotion of ${things.dev} v3 to 1 app failed, forced: Fixes <everything> & more`,
      url: `${PAGE}/promotions/${promotion.id}`,
      actor: { name: "admin", role: "ADMIN" },
      ...{ phase: "FAILED", targetPhase: null, forced: true, reason: "Fixes <everything> & more" },
    });
    const changed = events.find(({ type, data }) => type === "RELEASE_PHASE_CHANGED" && data.app.name === things.app);
    assert.deepEqual(
      [changed.data.summary, changed.data.url, changed.data.phase],
      [
        `Release ${things.app} v1 failed: The disk is full, forced: Fixes <everything> & more`,
        `${PAGE}/apps/${things.app}`,
        "FAILED",
      ],
    );
  });

  it("name the app and the keys of a change of config, or of secrets that were read, and no value", () => {
    const found = of("RAILYARD").filter(({ json }) => json.type.startsWith("CONFIG_"));
    assert.deepEqual(
      found.map(({ json: { type, data } }) => [type, data.summary, data.app.name, data.config, data.url]),
      [
        ["CONFIG_CHANGED", "changed to"],
        ["CONFIG_READ", "read at"],
      ].map(([type, what]) => [
        type,
        `Config of ${things.dev} ${what} version 1: A, B`,
        things.dev,
        { version: 1, keys: ["A", "B"] },
        `${PAGE}/apps/${things.dev}`,
      ]),
    );
    for (const receiver of receivers.values())
      for (const { json } of receiver.received) assert.ok(!JSON.stringify(json).includes("canary-value"));
  });

  it("are CloudEvents 1.0 in structured mode in CLOUDEVENTS", () => {
    assert.equal(of("CLOUDEVENTS").length, of("RAILYARD").length - 1, "without the creation of the one before");
    for (const { headers, json } of of("CLOUDEVENTS")) {
      assert.match(headers["content-type"] ?? "", /^application\/cloudevents\+json/);
      const { specversion, id, source, type, time, datacontenttype, subject, data } = json;
      assert.deepEqual([specversion, source, datacontenttype], ["1.0", PAGE, "application/json"]);
      assert.match(type, /^dev\.railyard\.[a-z_]+$/);
      assert.equal(new Date(time).toISOString(), time);
      assert.ok(id.length > 0 && data.summary.length > 0);
      assert.ok(type === "dev.railyard.test" || (subject.length > 0 && data.cursor === id));
    }
  });

  it("are what the specification has for it in CDEVENTS, and custom events for the rest", () => {
    const events = of("CDEVENTS").map(({ json }) => json);
    const standard = events.filter(({ context }) => context.type.startsWith("dev.cdevents."));
    const url = `pkg:oci/shop@${encodeURIComponent(DIGEST)}?repository_url=${encodeURIComponent("registry.test/acme/shop")}`;
    const service = (type: string, artifact: RegExp) => [
      `dev.cdevents.service.${type}.0.3.0`,
      things.dev,
      "development",
      artifact,
    ];
    const found = standard.map(({ context, subject }) => [
      context.type,
      subject.id,
      subject.content.environment?.id,
      subject.content.artifactId,
    ]);
    const expected = [
      ["dev.cdevents.artifact.published.0.3.0", url, undefined, undefined],
      service("deployed", /^pkg:oci/),
      service("upgraded", /^pkg:github\/acme\/shop-\w+@[0-9a-f]{40}$/),
      service("rolledback", /^pkg:oci/),
      ["dev.cdevents.service.removed.0.3.0", things.removed, undefined, undefined],
    ];
    const isLike = (pattern: unknown, value: unknown) =>
      pattern instanceof RegExp ? pattern.test(String(value)) : pattern === value;
    assert.equal(found.length, expected.length, JSON.stringify(found));
    for (const [index, row] of expected.entries())
      assert.ok(
        row.every((one, column) => isLike(one, found[index]?.[column])),
        JSON.stringify(found[index]),
      );
    for (const { headers, json } of of("CDEVENTS")) {
      const { context, subject, customData } = json;
      assert.match(context.type, /^dev\.(cdevents|cdeventsx)\.[a-zA-Z0-9-]+\.[a-z]+\.\d\.\d\.\d$/);
      const header = ["ce-specversion", "ce-id", "ce-source", "ce-type", "ce-time"].map((name) => headers[name]);
      assert.deepEqual(header, ["1.0", context.id, PAGE, context.type, context.timestamp]);
      assert.equal(headers["ce-subject"], encodeURI(subject.id));
      assert.ok((customData ?? subject.content).summary.length > 0);
    }
    const custom = events.map(({ context }) => context.type);
    assert.ok(custom.includes("dev.cdeventsx.railyard-releasephase.changed.0.1.0"));
    assert.ok(custom.includes("dev.cdeventsx.railyard-build.quarantined.0.1.0"));
    assert.ok(custom.includes("dev.cdeventsx.railyard-webhook.tested.0.1.0"));
  });

  /** Events of each kind with one thing wrong. */
  function* withFaults(): Generator<{ context: { type: string } }> {
    const kinds = new Map(of("CDEVENTS").map(({ json }) => [json.context.type, json]));
    for (const event of kinds.values()) {
      const { context, subject } = event;
      yield { ...event, more: 1 };
      yield { ...event, customData: 7 };
      for (const [name, wrong] of [
        ...["specversion", "id", "source", "timestamp"].map((name) => [name, undefined] as const),
        ...([
          ["id", ""],
          ["source", "not a URI"],
          ["timestamp", "yesterday"],
          ["more", "1"],
        ] as const),
        ["type", context.type.replace(/\d$/, "9x")],
      ] as const)
        yield JSON.parse(JSON.stringify({ ...event, context: { ...context, [name]: wrong } }));
      for (const wrong of [
        { id: "" },
        { id: undefined },
        { source: "not a URI" },
        { content: undefined },
        { type: "x" },
      ])
        yield JSON.parse(JSON.stringify({ ...event, subject: { ...subject, ...wrong } }));
      if (context.type.startsWith("dev.cdeventsx.")) continue;
      yield { ...event, subject: { ...subject, content: { ...subject.content, more: 1 } } };
      if (subject.content.artifactId !== undefined)
        for (const wrong of [{ environment: { id: "" } }, { environment: undefined }, { artifactId: "" }])
          yield JSON.parse(
            JSON.stringify({ ...event, subject: { ...subject, content: { ...subject.content, ...wrong } } }),
          );
    }
  }

  it("are valid by the rules of CDEvents, which find faults in any other", () => {
    assert.equal(of("CDEVENTS").length > 20, true);
    for (const { json } of of("CDEVENTS")) assert.deepEqual(findFaults(json), [], JSON.stringify(json));
    const faulty = [...withFaults()];
    assert.equal(faulty.length > 100, true);
    for (const event of faulty) assert.notDeepEqual(findFaults(event), [], JSON.stringify(event));
  });

  it("have types of CDEvents for every type of event", () => {
    const context = { specversion: "0.5.1", id: "1", source: PAGE, timestamp: "2026-03-01T12:00:00Z" };
    for (const type of Object.keys(EventType).map(customType)) {
      const event = { context: { ...context, type }, subject: { id: "x", content: {} } };
      assert.deepEqual(findFaults(event), [], type);
    }
  });

  it("are judged the same by the specification's own schemas", { skip: typeof schemas === "string" && schemas }, () => {
    assert.ok(typeof schemas !== "string");
    for (const { json } of of("CDEVENTS")) assert.deepEqual(schemas(json), [], JSON.stringify(json));
    for (const event of withFaults()) assert.notDeepEqual(schemas(event), [], JSON.stringify(event));
  });

  it("are Block Kit in SLACK, and only for what people want to hear", () => {
    const [test, forced, failed, quarantined, released, ...rest] = of("SLACK").map(({ json }) => json);
    assert.deepEqual(rest, []);
    assert.match(test.text, /^Test: Test of webhook/);
    const escaped = "Fixes &lt;everything&gt; &amp; more";
    assert.equal(
      forced.blocks[0].text.text,
      `:rotating_light: *Promotion forced*\nPromotion of ${things.dev} v3 to 1 app in progress, forced: ${escaped}`,
    );
    assert.equal(failed.text, `Promotion failed: Promotion of ${things.dev} v3 to 1 app failed, forced: ${escaped}`);
    const sha = /`([0-9a-f]{7})`/.exec(quarantined.blocks[1].elements[1].text)?.[1];
    assert.deepEqual(
      [quarantined, released].map(({ blocks }) => blocks[0].text.text),
      [
        `:no_entry: *Build quarantined*\nBuild of ${sha} quarantined from PRODUCTION on: Not every test SUCCEEDED`,
        `:unlock: *Quarantine ended*\nBuild of ${sha} released from quarantine: By now it has`,
      ],
    );
    const context = failed.blocks[1].elements.map(({ text }: { text: string }) => text);
    assert.deepEqual(context.slice(0, 2), [`*${things.pipeline}*`, "development → staging"]);
    assert.match(context[2], /^`[0-9a-f]{7}`$/);
    assert.equal(context[3], "by admin");
    assert.match(context[4], new RegExp(`^<${PAGE}/promotions/[0-9a-f-]{36}\\|Open in Railyard>$`));
  });

  it("say in SLACK what a promotion waits for, and what is frozen and why", async (t) => {
    const receiver = await Receiver.start(t);
    const seed = new Seed(server.admin);
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const stg = await seed.coupled(pipeline, "STAGING", { requiredChecks: ["e2e <all>"] });
    const many = await seed.coupled(pipeline, "STAGING", {
      requiredChecks: Array.from({ length: 9 }, (_, index) => `c${index}`),
    });
    await seed.release(dev);
    await createWebhook(server.admin, receiver.url, { format: "SLACK", types: null, pipelines: [pipeline.id] });
    for (const target of [stg, many])
      await server.admin.mutate("promote", { app: dev.id, targets: [target.id], whenReady: true }, "promotion { id }");
    // Before the freeze, which would block them too.
    await receiver.until(2);
    const freeze = { reason: "A big sale", scope: { pipelines: [pipeline.id] } };
    await server.admin.mutate("startFreeze", freeze, "freeze { id }");
    const [one, several, frozen] = (await receiver.until(3)).map(({ json }) => json.blocks[0].text.text.split("\n"));
    assert.deepEqual(one, [
      ":hourglass_flowing_sand: *Promotion waits*",
      `Promotion of ${dev.name} v1 to 1 app waiting`,
      `• ${stg.name} requires e2e &lt;all&gt;, which was never reported.`,
    ]);
    assert.deepEqual(
      [several.length, several.at(-2), several.at(-1)],
      [11, `• ${many.name} requires c7, which was never reported.`, "• and 1 more"],
    );
    assert.match(frozen.join(" "), /^:snowflake: \*Freeze started\* .*A big sale/);
  });
});
