import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Client } from "../../support/clients/client.js";
import { Seed, type SeededRelease, unique } from "../../support/data/seed.js";
import { API_TOKEN, FakeGithub } from "../../support/network/fake-github.js";
import {
  ADMIN_SECRET,
  type Cleanup,
  startServer,
  type TestServer,
  temporaryFolder,
} from "../../support/service/server.js";

/** A server that reports to a fake GitHub, with a clock that the test controls. */
async function reporting(t: Cleanup, env: Readonly<Record<string, string>> = {}) {
  const github = await new FakeGithub().listen(t);
  const clock = { now: new Date("2026-03-01T00:00:00Z") };
  const settings = { GITHUB_TOKEN: API_TOKEN, GITHUB_API_URL: github.url, ...env };
  const server = await startServer(t, { env: settings, now: () => clock.now });
  const repository = `acme/${unique("repo")}`;
  const seed = new Seed(server.admin);
  /** Advances the clock and waits for everything that is then due. */
  const pass = async (seconds: number) => {
    clock.now = new Date(clock.now.getTime() + seconds * 1000);
    await server.app.tick();
  };
  const release = async (app = seed.app()): Promise<SeededRelease> => {
    return seed.release(await app, await seed.build({ repository, branch: "main" }));
  };
  return { github, clock, server, seed, repository, pass, release };
}

async function report(client: Client, release: { id: string }) {
  const found = await client.ask(
    "query ($id: ID!) { release(id: $id) { githubReport { phase lastReportedState attempts failureReason retriesAt } } }",
    { id: release.id },
  );
  return found.release.githubReport;
}

const DELIVERED = {
  phase: "DELIVERED",
  lastReportedState: "SUCCESS",
  attempts: 1,
  failureReason: null,
  retriesAt: null,
};

describe("a release of a commit on GitHub", () => {
  it("is reported as a deployment of the app's environment, with its state", async (t) => {
    const { github, server, seed, repository, pass } = await reporting(t);
    const pipeline = await seed.pipeline({ repository, reviewAppsEnabled: true });
    const dev = await seed.coupled(pipeline, "DEVELOPMENT");
    const prod = await seed.coupled(pipeline, "PRODUCTION");
    const pullRequest = { number: 7, branch: "faster" };
    await server.admin.mutate("openReviewApp", { pipeline: pipeline.id, pullRequest }, "__typename");
    await seed.build({ repository, branch: "faster" });
    const build = await seed.build({ repository, branch: "main" });
    const release = await seed.release(prod, build);
    await pass(0);
    const review = `${pipeline.name}-pr-7`;
    assert.deepEqual(github.reportedStates, [`${review} success`, `${dev.name} success`, `${prod.name} success`]);
    const flags = github.deployments.map(({ body }) => [body.transient_environment, body.production_environment]);
    assert.deepEqual(flags, [
      [true, false],
      [false, false],
      [false, true],
    ]);
    const { repository: of, body } = github.deployments[2] as FakeGithub["deployments"][number];
    assert.deepEqual(
      [of, body.ref, body.payload],
      [repository, build.commit.sha, { railyard_release: release.id, version: 1 }],
    );
    assert.equal(body.description, `Deploy of ${build.commit.sha.slice(0, 7)}`);
    assert.deepEqual(await report(server.admin, release), DELIVERED);

    await server.admin.mutate("closeReviewApp", { pipeline: pipeline.id, pullRequestNumber: 7 }, "__typename");
    await pass(0);
    assert.equal(github.reportedStates[0], `${review} success inactive`);
  });

  it("is reported again when it changes, without intermediate states", async (t) => {
    const { github, server, seed, pass, release } = await reporting(t);
    const app = await seed.app({ deploymentMode: "REPORTED" });
    const first = await release(Promise.resolve(app));
    const second = await release(Promise.resolve(app));
    await pass(0);
    assert.deepEqual(github.reportedStates, [`${app.name} in_progress`, `${app.name} queued`]);
    const say = (id: string, phase: string) =>
      server.admin.mutate("reportDeployment", { release: id, phase }, "__typename");
    await say(first.id, "FAILED");
    await say(second.id, "SUCCEEDED");
    await pass(0);
    assert.deepEqual(github.reportedStates, [`${app.name} in_progress failure`, `${app.name} queued success`]);
  });

  it("is not reported for another code host, or without a token", async (t) => {
    const { github, seed, server, pass } = await reporting(t);
    const elsewhere = await seed.release(await seed.app(), await seed.build({ repository: "gitlab.com/acme/shop" }));
    await pass(0);
    assert.deepEqual(github.requests, []);
    assert.equal(await report(server.admin, elsewhere), null);

    const silent = await reporting(t, { GITHUB_TOKEN: "" });
    const release = await silent.release();
    await silent.pass(0);
    assert.deepEqual(silent.github.requests, []);
    assert.equal(await report(silent.server.admin, release), null);
  });

  it("is not reported if it is older than the token; newer ones are, also after a restart", async (t) => {
    const github = await new FakeGithub().listen(t);
    const DATABASE_URL = `sqlite:${join(temporaryFolder(t), "railyard.sqlite")}`;
    const start = (env: Record<string, string>) => startServer(t, { env: { DATABASE_URL, ...env } });
    const githubEnv = { GITHUB_TOKEN: API_TOKEN, GITHUB_API_URL: github.url };
    const make = async (server: TestServer) => {
      const seed = new Seed(server.admin);
      return seed.release(await seed.app({ name: unique("a") }), await seed.build({ repository: "acme/shop" }));
    };
    const before = await start({});
    await make(before);
    await before.stop();
    const since = await start(githubEnv);
    // Stopped before it has looked for due reports.
    const release = await make(since);
    await since.stop();
    const again = await startServer(t, {
      env: { DATABASE_URL, ...githubEnv },
      now: () => new Date(Date.now() + 120_000),
    });
    await again.app.tick();
    assert.equal(github.deployments.length, 1);
    assert.equal(github.deployments[0]?.body.payload.railyard_release, release.id);
    assert.equal((await report(again.admin, release)).phase, "DELIVERED");
  });
});

describe("when GitHub refuses a report", () => {
  for (const [name, fault, seconds] of [
    ["a 429 with Retry-After", { status: 429, headers: { "retry-after": "90" } }, 90],
    ["a 403 of the secondary limit", { status: 403, headers: { "retry-after": "30" } }, 30],
    ["a 403 that only says so", { status: 403, message: "You have exceeded a secondary rate limit." }, 60],
  ] as const) {
    it(`${name} delays all requests for the stated time`, async (t) => {
      const { github, server, pass, release } = await reporting(t);
      github.faults.push(fault);
      const releases = [await release(), await release()];
      await pass(0);
      assert.equal(github.requests.length, 1);
      const [first] = releases as [SeededRelease];
      const waiting = await report(server.admin, first);
      assert.deepEqual([waiting.phase, waiting.attempts], ["PENDING", 0], "a limit is no failed attempt");
      assert.match(waiting.failureReason, /rate limit/);
      await pass(seconds - 1);
      assert.equal(github.requests.length, 1);
      await pass(1);
      assert.deepEqual(await Promise.all(releases.map((one) => report(server.admin, one))), [DELIVERED, DELIVERED]);
      assert.equal(github.requests.length, 5, "no look for a deployment that was never made");
    });
  }

  it("a 403 of the hourly limit delays all requests until its reset", async (t) => {
    const { github, clock, server, pass, release } = await reporting(t);
    const reset = String(clock.now.getTime() / 1000 + 1800);
    github.faults.push({ status: 403, headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset } });
    const made = await release();
    await pass(0);
    await pass(1799);
    assert.equal(github.requests.length, 1);
    await pass(1);
    assert.deepEqual(await report(server.admin, made), DELIVERED);
  });

  it("a limit between a deployment and its state creates no second deployment", async (t) => {
    const { github, server, pass, release } = await reporting(t);
    const app = release();
    await app;
    github.onRequest = () => {
      if (github.requests.length === 1) github.faults.push({ status: 429, headers: { "retry-after": "5" } });
    };
    await pass(0);
    await pass(5);
    assert.equal(github.deployments.length, 1);
    assert.deepEqual(await report(server.admin, await app), DELIVERED);
  });

  for (const fault of ["cut", "cut after the effect", { status: 502 }] as const) {
    it(`it retries after ${JSON.stringify(fault)}, and creates the deployment once`, async (t) => {
      const { github, server, pass, release } = await reporting(t);
      github.faults.push(fault);
      const made = await release();
      await pass(0);
      const failed = await report(server.admin, made);
      assert.deepEqual([failed.phase, failed.attempts], ["PENDING", 1]);
      assert.match(failed.failureReason, /No response from GitHub|GitHub responded with 502/);
      await pass(1);
      assert.deepEqual(await report(server.admin, made), { ...DELIVERED, attempts: 2 });
      assert.equal(github.deployments.length, 1);
      assert.deepEqual(github.deployments[0]?.states, ["success"]);
    });
  }

  it("it retries with growing delays up to an hour, and gives up after about a day", async (t) => {
    const { github, clock, server, pass, release } = await reporting(t);
    const made = await release();
    let delay = 0;
    for (let attempt = 1; attempt < 35; attempt += 1) {
      github.faults.push({ status: 403, message: "Resource not accessible by personal access token" });
      await pass(delay);
      const { phase, attempts, failureReason, retriesAt } = await report(server.admin, made);
      assert.deepEqual([phase, attempts], ["PENDING", attempt]);
      assert.match(failureReason, /Resource not accessible/);
      delay = (new Date(retriesAt).getTime() - clock.now.getTime()) / 1000;
      const longest = Math.min(2 ** (attempt - 1), 3600);
      assert.ok(delay >= longest / 2 && delay <= longest, `attempt ${attempt}: ${delay} s`);
    }
    github.faults.push({ status: 403 });
    await pass(delay);
    const given = await report(server.admin, made);
    assert.deepEqual([given.phase, given.attempts, given.retriesAt], ["FAILED", 35, null]);
    await pass(100_000);
    assert.equal(github.requests.length, 35);
  });

  it("it gives up at once on a permanent error, and continues with other reports", async (t) => {
    const { github, server, seed, repository, pass, release } = await reporting(t);
    const build = await seed.build({ repository });
    github.unknownCommits.add(build.commit.sha);
    const impossible = await seed.release(await seed.app(), build);
    const possible = await release();
    await pass(0);
    const given = await report(server.admin, impossible);
    assert.deepEqual([given.phase, given.attempts, given.lastReportedState], ["FAILED", 1, null]);
    assert.match(given.failureReason, /422: No ref found/);
    assert.deepEqual(await report(server.admin, possible), DELIVERED);
  });

  it("a process that is killed during a request loses nothing, and duplicates nothing", async (t) => {
    const github = await new FakeGithub().listen(t);
    const env = {
      DATABASE_URL: `sqlite:${join(temporaryFolder(t), "railyard.sqlite")}`,
      ADMIN_TOKEN: ADMIN_SECRET,
      GITHUB_TOKEN: API_TOKEN,
      GITHUB_API_URL: github.url,
    };
    github.faults.push("never answer after the effect");
    const asked = new Promise<string>((resolve) => {
      github.onRequest = resolve;
    });
    const child = spawn(process.execPath, ["dist/src/main.js"], {
      env: { PATH: process.env.PATH ?? "", PORT: "0", LOG_LEVEL: "silent", ...env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    t.after(() => child.kill("SIGKILL"));
    const url = await new Promise<string>((resolve) => {
      child.stdout.on("data", (chunk) => {
        const found = /http:\/\/127\.0\.0\.1:\d+/.exec(String(chunk));
        if (found !== null) resolve(found[0]);
      });
    });
    const seed = new Seed(new Client(url, ADMIN_SECRET));
    const inFlight = await seed.release(await seed.app(), await seed.build({ repository: "acme/shop" }));
    await asked;
    const behindIt = await seed.release(await seed.app(), await seed.build({ repository: "acme/shop" }));
    child.kill("SIGKILL");
    await ended;

    const server = await startServer(t, { env, now: () => new Date(Date.now() + 120_000) });
    await server.app.tick();
    assert.deepEqual(
      github.deployments.map(({ body, states }) => [body.payload.railyard_release, states]),
      [
        [inFlight.id, ["success"]],
        [behindIt.id, ["success"]],
      ],
    );
    assert.deepEqual((await report(server.admin, inFlight)).phase, "DELIVERED");
  });
});
