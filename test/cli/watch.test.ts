import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { CommandLine, hasTerminal, nonEmptyLines, type Running, stripEscapes } from "../support/clients/cli.js";
import { type Named, Seed } from "../support/data/seed.js";
import { TcpProxy } from "../support/network/tcp-proxy.js";
import { suiteCleanup } from "../support/service/cleanup.js";
import { ADMIN_SECRET, startServer, type TestServer } from "../support/service/server.js";

const TOKEN = { RAILYARD_TOKEN: ADMIN_SECRET };

/** The newest cursor of a server's log. */
async function logEnd(server: TestServer): Promise<string> {
  return (await server.admin.ask("{ events(last: 1) { pageInfo { endCursor } } }")).events.pageInfo.endCursor;
}

function report(server: TestServer, release: string, phase: string, failureReason?: string) {
  return server.admin.mutate("reportDeployment", { release, phase, failureReason }, "release { phase }");
}

interface PrintedEvent {
  readonly cursor: string;
  readonly type: string;
  readonly subjectName?: string;
}

function getEvents(running: { readonly stdout: string }): PrintedEvent[] {
  return nonEmptyLines(running.stdout).map((line) => JSON.parse(line) as PrintedEvent);
}

describe("watch", () => {
  const cleanup = suiteCleanup();
  let server: TestServer;
  let cli: CommandLine;
  let seed: Seed;

  before(async () => {
    server = await startServer(cleanup);
    cli = new CommandLine(cleanup, { ...TOKEN, RAILYARD_URL: server.url });
    seed = new Seed(server.admin);
  });

  const lines = (count: number) => (running: Running) => nonEmptyLines(running.stdout).length >= count;

  it("prints one JSON object per event with --json, and the cursor to resume from when interrupted", async () => {
    const since = await logEnd(server);
    const pipeline = await seed.pipeline();
    const first = cli.start(["watch", pipeline.name, "--since", since, "--json"]);
    const app = await seed.coupled(pipeline, "STAGING");
    await first.until(lines(2));
    first.interrupt();
    const ended = await first.ended;
    assert.equal(ended.code, 0);
    const received = getEvents(ended);
    assert.deepEqual(
      received.map(({ type, subjectName }) => [type, subjectName]),
      [
        ["PIPELINE_CREATED", pipeline.name],
        ["COUPLING_ADDED", app.name],
      ],
    );
    const cursor = received.at(-1)?.cursor ?? "";
    assert.equal(ended.stderr, `Resume with --since ${cursor}\n`);

    await seed.release(app);
    const second = cli.start(["watch", pipeline.name, "--since", cursor, "--json"]);
    await second.until(lines(1));
    second.interrupt();
    const types = getEvents(await second.ended).map(({ type }) => type);
    assert.deepEqual(types, ["RELEASE_CREATED"], "nothing is lost between the two, and nothing repeated");
  });

  it("prints stable columns when piped: cursor, time, type, pipeline, actor and summary", async () => {
    const since = await logEnd(server);
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const qa = await seed.coupled(pipeline, "STAGING");
    const release = await seed.release(dev);
    const status = { release: release.id, context: "ci/build", state: "PENDING" };
    await server.admin.mutate("reportStatus", status, "status { id }");
    await server.admin.mutate("reportStatus", { ...status, state: "SUCCESS" }, "status { id }");
    await server.admin.mutate("promote", { app: dev.id }, "promotion { id }");
    const running = cli.start(["watch", "--app", dev.name, "--since", since]);
    await running.until(lines(8));
    running.interrupt();
    const rows = nonEmptyLines((await running.ended).stdout).map((line) => line.split("\t"));
    assert.deepEqual(
      rows.map(([, , type, , , sentence]) => [type, sentence]),
      [
        ["APP_CREATED", `App ${dev.name} created`],
        ["COUPLING_ADDED", `${dev.name} added to DEVELOPMENT of ${pipeline.name}`],
        ["RELEASE_CREATED", rows[2]?.[5]],
        ["RELEASE_STATUS_REPORTED", `⬢ ${dev.name} v1 ci/build pending`],
        ["RELEASE_STATUS_REPORTED", `⬢ ${dev.name} v1 ci/build success (was pending)`],
        ["PROMOTION_STARTED", `promotion of ⬢ ${dev.name} v1 to staging started: ⬢ ${qa.name}`],
        ["PROMOTION_TARGET_CHANGED", `⬢ ${qa.name} v1 succeeded, promoted from ⬢ ${dev.name} v1`],
        ["PROMOTION_FINISHED", `promotion of ⬢ ${dev.name} v1 to staging succeeded`],
      ],
    );
    assert.match(rows[2]?.[5] ?? "", new RegExp(`^⬢ ${dev.name} v1 succeeded: Deploy of [0-9a-f]{7}$`));
    assert.deepEqual([rows[3]?.[3], rows[3]?.[4]], [pipeline.name, "admin"]);
    assert.match(rows[3]?.[1] ?? "", /^\d{4}-\d\d-\d\dT.*Z$/);
  });

  it("streams readable lines of new events on a terminal", { skip: !hasTerminal }, async () => {
    await seed.app();
    const running = cli.startOnTerminal(["watch"], 120);
    await running.until(({ stdout }) => stdout.includes("Watching. Press Ctrl-C to stop."));
    const app = await seed.app();
    await running.until(({ stdout }) => stdout.includes(app.name));
    running.type("\u0003");
    const { code, stdout } = await running.ended;
    const printed = nonEmptyLines(stripEscapes(stdout));
    assert.equal(code, 0);
    assert.match(printed[1] ?? "", new RegExp(`^\\d\\d:\\d\\d:\\d\\d {2}App ${app.name} created {2}by admin`));
    assert.match(printed.at(-1) ?? "", /Resume with --since \S+/);
  });

  it("prints one line for each change of a promotion, and every event with --json", async () => {
    const since = await logEnd(server);
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const targets: string[] = [];
    for (let count = 0; count < 3; count++) targets.push((await seed.coupled(pipeline, "STAGING")).name);
    await seed.release(dev);
    await server.admin.mutate("promote", { app: dev.id }, "promotion { id }");
    const running = cli.start(["watch", pipeline.name, "--since", since]);
    await running.until(({ stdout }) => stdout.includes("PROMOTION_FINISHED"));
    running.interrupt();
    const rows = nonEmptyLines((await running.ended).stdout).map((line) => line.split("\t"));
    for (const name of targets) {
      const about = rows.filter(([, , type, , , text = ""]) => type !== "PROMOTION_STARTED" && text.includes(name));
      assert.deepEqual(
        about.map(([, , type]) => type),
        ["COUPLING_ADDED", "PROMOTION_TARGET_CHANGED"],
      );
    }
    const all = cli.start(["watch", pipeline.name, "--since", since, "--json"]);
    await all.until(({ stdout }) => stdout.includes("PROMOTION_FINISHED"));
    all.interrupt();
    const types = getEvents(await all.ended).map(({ type }) => type);
    assert.equal(types.filter((type) => type === "RELEASE_CREATED").length, 1 + targets.length);
  });

  it("rejects an unknown pipeline and an invalid cursor", async () => {
    for (const [args, message] of [
      [["watch", "no-such-pipeline"], /There is no pipeline "no-such-pipeline"\./],
      [["watch", "--since", "yesterday"], /--since must be/],
    ] as const) {
      const { code, stdout, stderr } = await cli.run(args);
      assert.deepEqual([code, stdout, nonEmptyLines(stderr).length], [1, "", 1], stderr);
      assert.match(stderr, message);
    }
  });

  it("exits with 5 without a valid token or a reachable service, also with a cursor", async () => {
    const since = ["watch", "--since", await logEnd(server)];
    const wrong = await cli.run([...since, "--token", "wrong"]);
    assert.deepEqual([wrong.code, nonEmptyLines(wrong.stderr).length], [5, 1], wrong.stderr);
    const unreachable = await cli.run([...since, "--url", "http://127.0.0.1:1"]);
    assert.deepEqual([unreachable.code, nonEmptyLines(unreachable.stderr).length], [5, 1], unreachable.stderr);
    assert.match(unreachable.stderr, /^Cannot connect to Railyard at/);
  });

  it("names the oldest available cursor if the given one has expired", async (t) => {
    let now = new Date("2026-01-01T00:00:00Z");
    const aged = await startServer(t, { env: { EVENT_RETENTION: "1d" }, now: () => now });
    await new Seed(aged.admin).app();
    const since = "ZXZlbnQ6MA";
    now = new Date("2026-01-03T00:00:00Z");
    await new Seed(aged.admin).app();
    await aged.app.tick();
    const { code, stderr } = await cli.run(["watch", "--url", aged.url, "--since", since]);
    assert.equal(code, 1);
    const oldest = /Continue with --since (\S+)\.\n$/.exec(stderr)?.[1] ?? "";
    const running = cli.start(["watch", "--url", aged.url, "--since", oldest, "--json"]);
    await running.until(lines(1));
    assert.equal(getEvents(running)[0]?.type, "APP_CREATED");
    running.interrupt();
    await running.ended;
  });

  it("reconnects automatically, also after a restart of the service, without losing or repeating events", async (t) => {
    const own = await startServer(t);
    const proxy = await TcpProxy.start(own.url, t);
    const since = await logEnd(own);
    const running = cli.start(["watch", "--url", proxy.url, "--since", since, "--json"]);
    const made: Named[] = [];
    const make = async () => made.push(await new Seed(own.admin).app());
    await make();
    await running.until(lines(1));
    for (const restart of [false, true]) {
      const before = made.length;
      const lost = nonEmptyLines(running.stderr).length;
      proxy.close();
      await make();
      await running.until(({ stderr }) => nonEmptyLines(stderr).length > lost);
      if (restart) await own.restart();
      await make();
      proxy.open(own.url);
      await make();
      await running.until(lines(before + 3));
    }
    running.interrupt();
    const { code, stderr, ...ended } = await running.ended;
    assert.equal(code, 0);
    assert.deepEqual(
      getEvents(ended).map(({ subjectName }) => subjectName),
      made.map(({ name }) => name),
    );
    const notes = nonEmptyLines(stderr);
    assert.match(notes[0] ?? "", /^Connection lost \(.+\); reconnecting, resuming after cursor \S+\.$/);
    assert.equal(notes[1], "Reconnected.");
    assert.equal(notes.length, 5);
  });
});

describe("promote --wait", () => {
  const cleanup = suiteCleanup();
  let server: TestServer;
  let cli: CommandLine;
  let seed: Seed;

  before(async () => {
    server = await startServer(cleanup);
    cli = new CommandLine(cleanup, { ...TOKEN, RAILYARD_URL: server.url });
    seed = new Seed(server.admin);
  });

  /** A released app, and two REPORTED apps in the next stage. */
  async function reported(from = seed) {
    const pipeline = await from.pipeline();
    const dev = await from.coupled(pipeline, "DEVELOPMENT");
    const one = await from.coupled(pipeline, "STAGING", { deploymentMode: "REPORTED" });
    const two = await from.coupled(pipeline, "STAGING", { deploymentMode: "REPORTED" });
    await from.release(dev);
    return { dev, one, two };
  }

  async function getRelease(app: Named, on = server): Promise<string> {
    const found = await on.admin.ask("query ($app: ID!) { app(app: $app) { releases(first: 1) { nodes { id } } } }", {
      app: app.id,
    });
    return found.app.releases.nodes[0].id;
  }

  const deploying = (app: Named) => (running: Running) => running.stdout.includes(`⬢ ${app.name}  v1 deploying`);

  it("shows the progress of each target, and exits with 0 when all have succeeded", async () => {
    const { dev, one, two } = await reported();
    const running = cli.start(["promote", "-a", dev.name, "--wait"]);
    await running.until(deploying(two));
    await report(server, await getRelease(one), "SUCCEEDED");
    await running.until(({ stdout }) => stdout.includes(`⬢ ${one.name}  v1 succeeded`));
    await report(server, await getRelease(two), "SUCCEEDED");
    const { code, stdout, stderr } = await running.ended;
    assert.deepEqual([code, stderr], [0, ""]);
    const received = nonEmptyLines(stdout);
    assert.deepEqual(received.slice(0, 4), [
      `⬢ ${one.name}  v1 deploying`,
      `⬢ ${two.name}  v1 deploying`,
      `⬢ ${one.name}  v1 succeeded`,
      `⬢ ${two.name}  v1 succeeded`,
    ]);
    assert.equal(received[4], `Promoting app ⬢ ${dev.name} ... ✓`);
    assert.deepEqual(received.slice(-2), [`To: ⬢ ${one.name}  v1 succeeded`, `    ⬢ ${two.name}  v1 succeeded`]);
  });

  it("exits with 4 if a target failed, and says why", async () => {
    const { dev, one, two } = await reported();
    const running = cli.start(["promote", "-a", dev.name, "--wait"]);
    await running.until(deploying(two));
    await report(server, await getRelease(one), "SUCCEEDED");
    await report(server, await getRelease(two), "FAILED", "The image does not start.");
    const { code, stdout } = await running.ended;
    assert.equal(code, 4);
    assert.match(stdout, new RegExp(`Promoting app ⬢ ${dev.name} \\.\\.\\. ✗\n`));
    assert.ok(stdout.endsWith(`    ⬢ ${two.name}  v1 failed: The image does not start.\n`), stdout);
  });

  it("exits with 4 if a later promotion superseded it", async () => {
    const { dev, one } = await reported();
    await seed.release(one);
    const running = cli.start(["promote", "-a", dev.name, "-t", one.name, "--wait", "--json"]);
    for (let made = 0; made === 0; ) made = (await cli.json(["promotions", "-a", dev.name])).length;
    await server.admin.mutate("promote", { app: dev.id, targets: [one.id] }, "promotion { id }");
    const { code, stdout, stderr } = await running.ended;
    assert.deepEqual([code, stderr], [4, ""]);
    const { phase, targets } = JSON.parse(stdout);
    assert.deepEqual([phase, targets[0].phase], ["FAILED", "SUPERSEDED"]);
  });

  it("exits at once if every target deploys immediately", async () => {
    const pipeline = await seed.pipeline();
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const qa = await seed.coupled(pipeline, "STAGING");
    await seed.release(dev);
    const { code, stdout } = await cli.run(["promote", "-a", dev.name, "--wait"]);
    assert.equal(code, 0);
    assert.ok(stdout.endsWith(`To: ⬢ ${qa.name}  v1 succeeded\n`), stdout);
  });

  it("without --wait reports that it is in progress, and how to check on it", async () => {
    const { dev } = await reported();
    const { code, stdout } = await cli.run(["promote", "-a", dev.name]);
    assert.equal(code, 0);
    const id = /In progress\. Show it with `railyard promotions:info (\S+)`\.\n$/.exec(stdout)?.[1] ?? "";
    assert.equal((await cli.json(["promotions:info", id])).phase, "IN_PROGRESS");
  });

  it("continues after a lost connection, and catches up", async (t) => {
    const own = await startServer(t);
    const { dev, one, two } = await reported(new Seed(own.admin));
    const proxy = await TcpProxy.start(own.url, t);
    const running = cli.start(["promote", "-a", dev.name, "--wait", "--url", proxy.url]);
    await running.until(deploying(two));
    proxy.close();
    await running.until(({ stderr }) => stderr.includes("Connection lost"));
    await report(own, await getRelease(one, own), "SUCCEEDED");
    await report(own, await getRelease(two, own), "SUCCEEDED");
    proxy.open();
    const { code, stdout, stderr } = await running.ended;
    assert.equal(code, 0);
    assert.deepEqual(nonEmptyLines(stdout).slice(0, 4), [
      `⬢ ${one.name}  v1 deploying`,
      `⬢ ${two.name}  v1 deploying`,
      `⬢ ${one.name}  v1 succeeded`,
      `⬢ ${two.name}  v1 succeeded`,
    ]);
    assert.match(stderr, /^Connection lost \(.+\); reconnecting, resuming after cursor \S+\.\nReconnected\.\n$/);
  });

  it("leaves the promotion running when interrupted, and says so", async () => {
    const { dev, one, two } = await reported();
    const running = cli.start(["promote", "-a", dev.name, "--wait"]);
    await running.until(deploying(two));
    running.interrupt();
    const { code, stderr } = await running.ended;
    assert.equal(code, 130);
    const id =
      /The promotion continues\. Show its progress with `railyard promotions:info (\S+)`/.exec(stderr)?.[1] ?? "";
    for (const app of [one, two]) await report(server, await getRelease(app), "SUCCEEDED");
    assert.equal((await cli.json(["promotions:info", id])).phase, "SUCCEEDED");
  });

  it("shows every target with a spinner on a terminal", { skip: !hasTerminal }, async () => {
    const { dev, one, two } = await reported();
    const running = cli.startOnTerminal(["promote", "-a", dev.name, "--wait"]);
    const shown =
      (text: string) =>
      ({ stdout }: Running) =>
        stripEscapes(stdout).includes(text);
    await running.until(shown(`⬢ ${two.name}  v1 deploying`));
    await report(server, await getRelease(one), "SUCCEEDED");
    await running.until(shown(`⬢ ${one.name}  v1 succeeded`));
    await report(server, await getRelease(two), "SUCCEEDED");
    const { code, stdout } = await running.ended;
    assert.equal(code, 0);
    const end = stripEscapes(stdout.slice(stdout.lastIndexOf("\u001b[0K"))).replaceAll("\r\n", "\n");
    assert.ok(end.startsWith(`Promoting app ⬢ ${dev.name} ... ✓\n= `), JSON.stringify(stdout));
  });
});
