import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { CommandLine, hasTerminal, Running } from "../support/clients/cli.js";
import { ADMIN_SECRET, type Cleanup, startServer } from "../support/service/server.js";

function getMode(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text, { mode: 0o644 });
}

describe("login", () => {
  it("stores the URL and the token in a file readable by its owner only, and later commands use it", async (t) => {
    const server = await startServer(t);
    const cli = new CommandLine(t);
    const { code, stdout } = await cli.run(["login", "--url", `${server.url}/graphql/`, "--token", ADMIN_SECRET]);
    assert.equal(code, 0);
    assert.equal(stdout, `Signed in to ${server.url} as admin (admin); login stored in ${cli.loginFile}.\n`);
    assert.deepEqual(JSON.parse(readFileSync(cli.loginFile, "utf8")), { url: server.url, token: ADMIN_SECRET });
    assert.deepEqual([getMode(cli.loginFile), getMode(dirname(cli.loginFile))], ["600", "700"]);
    assert.deepEqual(readdirSync(dirname(cli.loginFile)), ["login.json"]);
    assert.match((await cli.run(["whoami"])).stdout, /^name\tadmin\n/);
  });

  it("reads the token from standard input, replaces the stored login, and restricts the file's permissions", async (t) => {
    const server = await startServer(t);
    const cli = new CommandLine(t);
    write(cli.loginFile, "{ broken");
    const broken = await cli.run(["whoami"]);
    assert.deepEqual([broken.code, broken.stderr.split("\n").length], [5, 2]);
    assert.match(broken.stderr, /is not a valid login file; run `railyard login`, or remove the file\./);
    const { code, stdout } = await cli.run(["login", "--url", server.url, "--json"], { input: `${ADMIN_SECRET}\n` });
    assert.deepEqual(
      [code, JSON.parse(stdout)],
      [0, { url: server.url, viewer: { name: "admin", role: "ADMIN", person: null, groups: [], pipelines: null } }],
    );
    assert.equal(getMode(cli.loginFile), "600");
    assert.equal((await cli.run(["whoami"])).code, 0);
  });

  it("prompts for the token on a terminal without echoing it", { skip: !hasTerminal }, async (t) => {
    const server = await startServer(t);
    const cli = new CommandLine(t);
    const running = cli.startOnTerminal(["login", "--url", server.url]);
    await running.until(({ stdout }) => stdout.includes(`Token for ${server.url}: `));
    running.type(`${ADMIN_SECRET}\r`);
    const { code, stdout } = await running.ended;
    assert.equal(code, 0, stdout);
    assert.match(stdout, /Signed in to/);
    assert.ok(!stdout.includes(ADMIN_SECRET));
  });

  it("stores nothing if the token is invalid or the service is unreachable", async (t) => {
    const server = await startServer(t);
    const cli = new CommandLine(t);
    assert.equal((await cli.run(["login", "--url", server.url, "--token", "wrong"])).code, 5);
    assert.equal((await cli.run(["login", "--url", "http://127.0.0.1:1", "--token", "x"])).code, 5);
    assert.equal((await cli.run(["login", "--url", server.url], { input: "" })).code, 2);
    assert.ok(!existsSync(cli.loginFile));
  });
});

describe("the connection of a command", () => {
  it("prefers flags to the environment, and the environment to the stored login", async (t) => {
    const server = await startServer(t);
    const { secret: viewer } = await server.as("VIEWER");
    const { secret: reporter } = await server.as("REPORTER");
    const cli = new CommandLine(t);
    await cli.run(["login", "--url", server.url, "--token", ADMIN_SECRET]);
    const role = async (args: string[], env: Record<string, string> = {}) =>
      JSON.parse((await cli.run(["whoami", "--json", ...args], { env })).stdout).role;
    const env = { RAILYARD_URL: server.url, RAILYARD_TOKEN: viewer ?? "" };
    assert.equal(await role([]), "ADMIN");
    assert.equal(await role([], { RAILYARD_URL: "", RAILYARD_TOKEN: "" }), "ADMIN", "empty counts as left out");
    assert.equal(await role([], { RAILYARD_TOKEN: viewer ?? "" }), "VIEWER");
    assert.equal(await role([], env), "VIEWER");
    assert.equal(await role(["--token", reporter ?? ""], env), "REPORTER");
    assert.equal(await role(["--url", server.url], { ...env, RAILYARD_URL: "http://127.0.0.1:1" }), "VIEWER");
  });

  it("never sends the token stored for one service to another", async (t) => {
    const kept = await startServer(t);
    const other = await startServer(t);
    const cli = new CommandLine(t);
    await cli.run(["login", "--url", kept.url, "--token", ADMIN_SECRET]);
    const { code, stderr } = await cli.run(["whoami", "--url", other.url]);
    assert.equal(code, 5);
    assert.match(stderr, /^Not signed in to /);
  });
});

describe("the first start of the service", () => {
  /** Starts the service by `railyard serve`, on a free port with a new database. */
  function serve(t: Cleanup, cli: CommandLine, env: Record<string, string> = {}): Running {
    const child = spawn(process.execPath, ["dist/src/cli/main.js", "serve"], {
      env: cli.environment({ PORT: "0", DATABASE_URL: `sqlite:${join(cli.home, "railyard.sqlite")}`, ...env }),
      stdio: "pipe",
    });
    const running = new Running(child);
    t.after(() => running.kill());
    return running;
  }

  it("signs its user in to the CLI, and later starts keep that login", async (t) => {
    const cli = new CommandLine(t);
    const first = serve(t, cli);
    await first.until(({ stdout }) => stdout.includes("login.json"));
    assert.match(first.stdout, new RegExp(`The railyard command uses this token; it is stored in ${cli.loginFile}\\.`));
    const kept = JSON.parse(readFileSync(cli.loginFile, "utf8"));
    assert.ok(first.stdout.includes(`Admin token  ${kept.token} shown only once`));
    assert.equal(getMode(cli.loginFile), "600");
    assert.equal((await cli.json(["whoami"])).role, "ADMIN");
    first.interrupt();
    assert.equal((await first.ended).code, 0);

    const second = serve(t, cli);
    await second.until(({ stdout }) => stdout.includes("Railyard is at"));
    assert.doesNotMatch(second.stdout, /railyard_|login\.json/);
    assert.deepEqual(JSON.parse(readFileSync(cli.loginFile, "utf8")), kept);
  });

  it("never replaces an existing login, and says how to sign in", async (t) => {
    const cli = new CommandLine(t);
    const login = { url: "https://railyard.example.com", token: "mine" };
    write(cli.loginFile, JSON.stringify(login));
    const running = serve(t, cli);
    await running.until(({ stdout }) => stdout.includes("railyard login"));
    assert.match(
      running.stdout,
      /The railyard command is already signed in \(.*\)\. To sign in with this token, run `railyard login`\./,
    );
    assert.deepEqual(JSON.parse(readFileSync(cli.loginFile, "utf8")), login);
  });

  it("succeeds if the login cannot be stored", async (t) => {
    const cli = new CommandLine(t);
    write(cli.configFolder, "not a folder");
    const running = serve(t, cli);
    await running.until(({ stdout }) => stdout.includes("railyard login"));
    assert.match(running.stdout, /The token could not be stored for the railyard command/);
  });

  it("exits with 1 on an invalid setting, with a line that names the variable", async (t) => {
    const { code, stderr } = await serve(t, new CommandLine(t), { PORT: "none" }).ended;
    assert.equal(code, 1);
    assert.match(stderr, /^PORT must be a port/);
  });
});
