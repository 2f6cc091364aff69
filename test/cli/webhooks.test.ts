import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { eventually } from "../../src/async/eventually.js";
import { CommandLine } from "../support/clients/cli.js";
import { Seed, unique } from "../support/data/seed.js";
import { createWebhook, LOCAL, untilDelivered } from "../support/data/webhooks.js";
import { answer, freePort, Receiver } from "../support/network/webhook-receiver.js";
import { suiteCleanup } from "../support/service/cleanup.js";
import { ADMIN_SECRET, startServer, type TestServer } from "../support/service/server.js";

describe("the commands of webhooks", () => {
  const cleanup = suiteCleanup();
  let server: TestServer;
  let cli: CommandLine;
  let seed: Seed;

  before(async () => {
    server = await startServer(cleanup, { env: LOCAL });
    cli = new CommandLine(cleanup, { RAILYARD_URL: server.url, RAILYARD_TOKEN: ADMIN_SECRET });
    seed = new Seed(server.admin);
  });

  it("create, list, show, change and delete one", async () => {
    const pipeline = await seed.pipeline();
    const name = unique("hook");
    const args = [
      "webhooks:create",
      name,
      "https://hooks.test/a",
      "--format",
      "slack",
      "-p",
      pipeline.name,
      "--unordered",
    ];
    const { webhook, secret } = await cli.json(args);
    assert.match(secret, /^whsec_/);
    assert.deepEqual([webhook.format, webhook.ordered, webhook.pipelines], ["SLACK", false, [pipeline]]);
    assert.match(
      (await cli.run(["webhooks"])).stdout,
      new RegExp(`${name}\tACTIVE\t\\d+\tslack\t${pipeline.name}\thttps://hooks.test/a\t\n`),
    );
    const updated = await cli.json([
      "webhooks:update",
      name,
      "-t",
      "app-created,RELEASE_CREATED",
      "--all-pipelines",
      "--ordered",
    ]);
    assert.deepEqual(
      [updated.types, updated.pipelines, updated.ordered],
      [["APP_CREATED", "RELEASE_CREATED"], null, true],
    );
    const info = (await cli.run(["webhooks:info", name])).stdout;
    assert.match(info, /^types\tapp_created, release_created$/m);
    assert.equal(info.includes("whsec"), false);
    for (const [wrong, code, message] of [
      [["webhooks:update", name], 2, "Specify what to change"],
      [["webhooks:update", name, "--ordered", "--unordered"], 2, "Specify either --ordered or --unordered"],
      [["webhooks:update", name, "-t", "nonsense"], 2, 'There is no type of event "nonsense"'],
      [["webhooks:rewind", name], 2, "Specify either --since or --to"],
      [["webhooks:info", "nowhere"], 1, 'There is no webhook "nowhere"'],
      [["webhooks:create", "x", "http://10.0.0.1/"], 1, "url must name a public host: 10.0.0.1"],
    ] as const) {
      const outcome = await cli.run([...wrong]);
      assert.equal(outcome.code, code, outcome.stderr);
      assert.ok(outcome.stderr.includes(message), outcome.stderr);
    }
    assert.match((await cli.run(["webhooks:delete", name, "--yes"])).stdout, /^Deleted webhook/);
  });

  it("pause, resume, rotate and rewind one, show what it sent, and send it again", async (t) => {
    const receiver = await Receiver.start(t);
    const { id, name, secret } = await createWebhook(server.admin, receiver.url);
    assert.equal((await cli.json(["webhooks:pause", name])).state, "PAUSED");
    const { cursor } = await server.admin.ask("{ cursor }");
    const app = await seed.app();
    assert.equal((await cli.json(["webhooks:resume", name])).state, "ACTIVE");
    await untilDelivered(server, id, 1);
    const rotated = await cli.json(["webhooks:rotate", name, "--overlap", "1h"]);
    assert.notEqual(rotated.secret, secret);
    await cli.json(["webhooks:rewind", name, "--to", cursor]);
    await untilDelivered(server, id, 2);
    receiver.behavior = answer(500);
    const failed = await cli.run(["webhooks:test", name]);
    assert.deepEqual([failed.code, /^problem\tThe receiver answered 500\.$/m.test(failed.stdout)], [1, true]);
    const listed = await cli.json(["webhooks:deliveries", name]);
    assert.deepEqual(
      listed.map((one: { event: { type: string } | null; statusCode: number }) => [one.event?.type, one.statusCode]),
      [
        [undefined, 500],
        ["APP_CREATED", 204],
        ["APP_CREATED", 204],
      ],
    );
    assert.equal((await cli.json(["webhooks:deliveries", name, "--failed"])).length, 1);
    receiver.behavior = answer(200);
    assert.equal((await cli.json(["webhooks:redeliver", listed[1].id])).statusCode, 200);
    assert.equal(receiver.received.at(-1)?.json.data.subject.id, app.id);
  });

  it("listen: print what comes, and refuse what is not signed", async (t) => {
    const port = await freePort();
    const { name, secret } = await createWebhook(server.admin, `http://127.0.0.1:${port}/`);
    const listening = cli.start(["webhooks:listen", "--port", String(port), "--secret", secret]);
    t.after(() => listening.interrupt());
    const isUp = () =>
      fetch(`http://127.0.0.1:${port}/`, { method: "POST", body: "{}" }).then(
        ({ status }) => status === 401,
        () => false,
      );
    assert.ok(await eventually(isUp, { intervalMs: 50 }), "it refuses what is not signed");
    assert.equal((await cli.json(["webhooks:test", name])).statusCode, 204);
    listening.interrupt();
    const { code, stdout } = await listening.ended;
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`\t204\ttest:[0-9a-f-]{36}\tTEST\tTest of webhook ${name}, requested by admin\n$`));
  });
});
