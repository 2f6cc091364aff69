import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { eventually } from "../src/async/eventually.js";
import { Client } from "./support/clients/client.js";
import { Seed } from "./support/data/seed.js";
import { freePort } from "./support/database/cluster.js";
import { temporaryFolder } from "./support/service/server.js";
import { startProcess } from "./support/service/server-process.js";

const SECRET = "a-secret-of-the-operator-of-the-test";

function settings(t: TestContext, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { DATABASE_URL: `sqlite:${join(temporaryFolder(t), "railyard.sqlite")}`, ADMIN_TOKEN: SECRET, ...more };
}

describe("invalid settings", () => {
  it("are all reported at once, one line per variable, with exit code 1", async (t) => {
    const server = startProcess(t, {
      PORT: "70000",
      DATABASE_URL: "mysql://localhost/railyard",
      ADMIN_TOKEN: "two words",
      LOG_LEVEL: "loud",
      ALLOWED_ORIGINS: "https://dash.example.com/path",
      DEPLOY_TIMEOUT: "ten minutes",
      REVIEW_APP_TTL: "0h",
      EVENT_RETENTION: "999999999d",
    });
    assert.equal(await server.exit(), 1);
    const lines = server.stderr.trimEnd().split("\n");
    const named = lines.map((line) => line.split(" ", 1)[0]);
    assert.deepEqual(named, [
      "PORT",
      "DATABASE_URL",
      "ADMIN_TOKEN",
      "LOG_LEVEL",
      "ALLOWED_ORIGINS",
      "DEPLOY_TIMEOUT",
      "REVIEW_APP_TTL",
      "EVENT_RETENTION",
    ]);
    for (const line of lines) assert.match(line, /^[A-Z_]+ must be .+\.$/);
    assert.ok(!server.stderr.includes("two words"), "a secret is not repeated");
    assert.equal(server.stdout, "");
  });

  it("refuse an ADMIN_TOKEN of fewer than 32 characters, and say how to create one", async (t) => {
    const short = "0123456789abcdef0123456789abcde";
    const server = startProcess(t, settings(t, { ADMIN_TOKEN: short }));
    assert.equal(await server.exit(), 1);
    assert.match(server.stderr, /^ADMIN_TOKEN must be 32 to 512 .*`openssl rand -hex 32` creates one\.\n$/);
    assert.ok(!server.stderr.includes(short), "a secret is not repeated");
    const enough = startProcess(t, settings(t, { ADMIN_TOKEN: `${short}f` }));
    await new Client(await enough.ready(), `${short}f`).ask("{ viewer { name } }");
  });

  const taken = async (t: TestContext): Promise<string> => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    t.after(() => other.close());
    return String((other.address() as { port: number }).port);
  };
  const cases: Record<string, (t: TestContext) => Promise<Record<string, string>> | Record<string, string>> = {
    "a port that is taken": async (t) => settings(t, { PORT: await taken(t) }),
    "an address of another machine": (t) => settings(t, { HOST: "192.0.2.1" }),
    "an address that is none": (t) => settings(t, { HOST: "300.300.300.300" }),
    "a database that is a folder": (t) => settings(t, { DATABASE_URL: `sqlite:${temporaryFolder(t)}` }),
    "a database in what is no folder": (t) => {
      const file = join(temporaryFolder(t), "file");
      writeFileSync(file, "");
      return settings(t, { DATABASE_URL: `sqlite:${file}/railyard.sqlite` });
    },
    "a database that is something else": (t) => {
      const file = join(temporaryFolder(t), "letter.txt");
      writeFileSync(file, "Dear Sir or Madam, this is no database at all.".repeat(100));
      return settings(t, { DATABASE_URL: `sqlite:${file}` });
    },
    // Node's recursive mkdir never returns there.
    "a database in a folder that cannot be made": (t) =>
      settings(t, { DATABASE_URL: "sqlite:/proc/nowhere/at/all.sqlite" }),
    "a database whose lock cannot be made": (t) => {
      const folder = temporaryFolder(t);
      mkdirSync(join(folder, "railyard.sqlite.lock"));
      return settings(t, { DATABASE_URL: `sqlite:${join(folder, "railyard.sqlite")}` });
    },
  };
  for (const [name, environment] of Object.entries(cases)) {
    it(`exit with 1 and one line: ${name}`, async (t) => {
      const server = startProcess(t, await environment(t));
      assert.equal(await server.exit(), 1);
      assert.match(server.stderr, /^(PORT or HOST|DATABASE_URL) cannot be used[.:] [^\n]+\n$/);
      if (name === "a port that is taken") assert.match(server.stderr, /EADDRINUSE|in use/);
    });
  }

  it("include a second process on the same SQLite file, until the first exits", async (t) => {
    const environment = settings(t);
    const first = startProcess(t, environment);
    await first.ready();
    const second = startProcess(t, environment);
    assert.equal(await second.exit(), 1);
    assert.match(second.stderr, /^DATABASE_URL cannot be used\. The database \S+ is in use by another [^\n]+\n$/);
    await new Client(await first.ready(), SECRET).ask("{ viewer { name } }");
    first.signal("SIGKILL");
    assert.equal(await first.exit(), "SIGKILL");
    const third = startProcess(t, environment);
    await new Client(await third.ready(), SECRET).ask("{ viewer { name } }");
  });
});

describe("the administrator's token", () => {
  it("is created at the first start, printed once, and works", async (t) => {
    const { DATABASE_URL = "" } = settings(t);
    const first = startProcess(t, { DATABASE_URL });
    const url = await first.ready();
    first.signal("SIGTERM");
    await first.exit();
    const secret = first.printedSecret;
    assert.match(secret ?? "", /^railyard_[\w-]{43}$/);
    assert.equal(first.stdout.split(secret as string).length, 2, "it is printed once");
    assert.ok(!JSON.stringify(first.log).includes(secret as string), "and not logged");
    assert.match(first.stdout, new RegExp(`Explorer +${url}/graphql in a browser`));

    const second = startProcess(t, { DATABASE_URL });
    const { viewer } = await new Client(await second.ready(), secret).ask("{ viewer { name role } }");
    assert.deepEqual(viewer, { name: "admin", role: "ADMIN" });
    assert.equal(second.printedSecret, null);
  });

  it("is the one of the settings, and an earlier one no longer works", async (t) => {
    const environment = settings(t);
    const [first, second] = ["the-first-secret-of-32-characters", "the-second-secret-of-32-characters"];
    const start = async (secret: string) => {
      const server = startProcess(t, { ...environment, ADMIN_TOKEN: secret });
      return { server, url: await server.ready() };
    };
    const stop = async ({ server }: Awaited<ReturnType<typeof start>>) => {
      server.signal("SIGTERM");
      assert.equal(await server.exit(), 0);
      assert.equal(server.printedSecret, null);
    };
    const one = await start(first);
    await new Client(one.url, first).ask("{ viewer { name } }");
    await stop(one);
    const two = await start(second);
    await new Client(two.url, second).ask("{ viewer { name } }");
    const refusal = await new Client(two.url, first).queryError("{ viewer { name } }");
    assert.equal(refusal.extensions.code, "UNAUTHENTICATED");
    await stop(two);
    const three = startProcess(t, { ...environment, ADMIN_TOKEN: first });
    assert.equal(await three.exit(), 1);
    assert.equal(three.stderr, "ADMIN_TOKEN was revoked. Set a different one.\n");
  });
});

describe("a server", () => {
  it("is live and ready, says so without a token, and keeps its data over a restart", async (t) => {
    const environment = settings(t);
    const first = startProcess(t, environment);
    const url = await first.ready();
    for (const path of ["livez", "readyz"]) {
      const response = await fetch(`${url}/${path}`);
      assert.deepEqual([response.status, await response.json()], [200, { status: "ok" }]);
    }
    const pipeline = await new Seed(new Client(url, SECRET)).pipeline();
    first.signal("SIGTERM");
    assert.equal(await first.exit(), 0);
    const second = startProcess(t, environment);
    const look = "query ($p: ID!) { pipeline(pipeline: $p) { id name } }";
    const client = new Client(await second.ready(), SECRET);
    assert.deepEqual((await client.ask(look, { p: pipeline.name })).pipeline, pipeline);
  });

  it("logs JSON lines with the request id, and never a token", async (t) => {
    const server = startProcess(t, settings(t, { LOG_LEVEL: "trace" }));
    const url = await server.ready();
    const response = await fetch(`${url}/graphql?query=${encodeURIComponent("{ viewer { name } }")}`, {
      headers: { authorization: `Bearer ${SECRET}`, "apollo-require-preflight": "1" },
    });
    assert.equal(response.status, 200);
    const client = new Client(url, SECRET);
    const { secret } = await client.mutate("createToken", { name: "ci", role: "VIEWER" }, "secret");
    await new Client(url, `${SECRET}-wrong`).post("{ viewer { name } }");
    server.signal("SIGTERM");
    assert.equal(await server.exit(), 0);
    const told = server.stdout.split("\n").filter((line) => line !== "" && !/^(Railyard is at| {2})/.test(line));
    assert.deepEqual(
      told,
      told.filter((line) => line.startsWith("{")),
      "all else is JSON",
    );
    const requests = server.log.filter((line) => line.msg === "request");
    assert.deepEqual(
      requests.map(({ path, status }) => [path, status]),
      [
        ["/graphql", 200],
        ["/graphql", 200],
        ["/graphql", 401],
      ],
    );
    assert.equal(requests[0]?.requestId, response.headers.get("x-request-id"));
    for (const hidden of [SECRET, secret])
      assert.ok(!server.stdout.includes(hidden) && !server.stderr.includes(hidden));
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it(`finishes running requests on ${signal}, refuses new ones, and exits with 0`, async (t) => {
      const server = startProcess(t, settings(t));
      const url = await server.ready();
      const body = JSON.stringify({ query: 'mutation { createApp(input: { name: "late" }) { app { name } } }' });
      const socket = await open(t, url);
      await socket.send(requestHead(body.length) + body.slice(0, 10));
      // Requests run in order, so the server has read this one's headers by then.
      await fetch(`${url}/livez`);
      server.signal(signal);
      assert.ok(await eventually(() => server.log.some((line) => line.msg === "stopping")));
      // Twice, as in a process group: from the supervisor, and from the parent that forwards it.
      server.signal(signal);
      await assert.rejects(fetch(`${url}/livez`), "new connections are refused");
      await socket.send(`${body.slice(10)}GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n`);
      const answers = await socket.all();
      assert.match(answers, /^HTTP\/1\.1 200 OK[\s\S]*"data":\{"createApp":\{"app":\{"name":"late"\}\}\}/);
      assert.match(answers.slice(20), /HTTP\/1\.1 503 [\s\S]*$/, "what comes after the signal is not served");
      assert.equal(await server.exit(), 0);
      assert.equal(server.log.at(-1)?.msg, "stopped");
    });
  }

  it("answers a request that never ends with UNAVAILABLE, and does not wait for it", async (t) => {
    const server = startProcess(t, settings(t));
    const socket = await open(t, await server.ready());
    await socket.send(requestHead(100));
    await fetch(`${await server.ready()}/livez`);
    server.signal("SIGTERM");
    // It would exit with 1 if the shutdown exceeded its ten seconds.
    assert.equal(await server.exit(), 0);
    assert.match(await socket.all(), /^HTTP\/1\.1 503 [\s\S]*\{"errors":\[\{.*"code":"UNAVAILABLE"/);
  });
});

function requestHead(length: number): string {
  const lines = [
    "POST /graphql HTTP/1.1",
    "host: x",
    "content-type: application/json",
    `authorization: Bearer ${SECRET}`,
    `content-length: ${length}`,
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** A bare connection, to send a request in parts. */
async function open(t: TestContext, url: string) {
  const { hostname, port } = new URL(url);
  const socket: Socket = connect(Number(port), hostname);
  t.after(() => socket.destroy());
  let received = "";
  socket.setEncoding("utf8").on("data", (text: string) => {
    received += text;
  });
  const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()).on("error", () => resolve()));
  await new Promise((resolve) => socket.once("connect", resolve));
  return {
    send: (text: string) => new Promise<void>((resolve) => socket.write(text, () => resolve())),
    /** Everything received until the server closed the connection. */
    all: async () => {
      await closed;
      return received;
    },
  };
}

describe("a service whose standard output is closed", () => {
  it("keeps serving, and shuts down in order", async (t) => {
    const port = await freePort();
    const server = startProcess(t, settings(t, { PORT: String(port) }));
    server.closeStdout();
    const url = `http://127.0.0.1:${port}`;
    const isReady = async () => (await fetch(`${url}/readyz`).catch(() => null))?.status === 200;
    assert.ok(await eventually(async () => !server.running || (await isReady())));
    assert.equal((await new Client(url, SECRET).ask("{ viewer { role } }")).viewer.role, "ADMIN", server.stderr);
    server.signal("SIGTERM");
    assert.equal(await server.exit(), 0);
    assert.equal(server.stderr, "");
  });
});
