import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { parseNetwork, refuseAddress } from "../../../src/integrations/webhooks/addresses.js";
import { parseRetryAfter } from "../../../src/integrations/webhooks/response.js";
import { Seed } from "../../support/data/seed.js";
import { createWebhook, LOCAL, untilDelivered, untilWebhook } from "../../support/data/webhooks.js";
import { freshDatabase } from "../../support/database/engine.js";
import { answer, type Behavior, freePort, Receiver } from "../../support/network/webhook-receiver.js";
import { suiteCleanup } from "../../support/service/cleanup.js";
import { startServer, type TestServer } from "../../support/service/server.js";

const TEST = "delivery { statusCode responseStart problem duration }";

describe("the requests of a webhook", () => {
  let server: TestServer;
  let addresses: Record<string, string[][]>;
  const cleanup = suiteCleanup();

  before(async () => {
    addresses = {};
    // Each answer of the resolver is used once; the last one stays.
    const resolveHost = async (host: string) => {
      const answers = addresses[host] ?? [];
      const [first = []] = answers.length > 1 ? answers.splice(0, 1) : answers;
      if (first.length === 0) throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: "ENOTFOUND" });
      return first;
    };
    server = await startServer(cleanup, { env: LOCAL, resolveHost });
  });

  const tryOut = async (url: string) => {
    const { id } = await createWebhook(server.admin, url);
    return (await server.admin.mutate("testWebhook", { webhook: id }, TEST)).delivery;
  };

  it("succeed with any 2xx and any body, and fail with everything else", async (t) => {
    const receiver = await Receiver.start(t);
    const cases: [string, Behavior, number | null, RegExp | null, RegExp | null][] = [
      ["plain", (_, response) => response.writeHead(200).end("thanks"), 200, /^thanks$/, null],
      ["accepted", answer(202), 202, null, null],
      [
        "500",
        (_, response) => response.writeHead(500).end("it\u0000 broke\n"),
        500,
        /^it +broke$/,
        /^The receiver answered 500\.$/,
      ],
      ["redirect", answer(302, { location: receiver.url }), 302, null, /Redirects are not followed/],
      ["drops", (request) => request.socket.destroy(), null, null, /^The request failed: other side closed/],
      [
        "endless",
        (_, response) => {
          response.writeHead(200);
          for (let index = 0; index < 40; index += 1) response.write("x".repeat(10_000));
        },
        200,
        /^x{1023}…$/,
        null,
      ],
      [
        "promises more",
        (_, response) => {
          response.writeHead(200, { "content-length": "1000" });
          response.write("short");
          setTimeout(() => response.destroy(), 50);
        },
        200,
        /^short$/,
        null,
      ],
      [
        "promises less",
        (request) => request.socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nlong, longer"),
        200,
        /^lo$/,
        null,
      ],
      ["not HTTP", (request) => request.socket.end("SSH-2.0-OpenSSH\r\n"), null, null, /^The request failed/],
    ];
    for (const [name, behavior, status, start, problem] of cases) {
      receiver.behavior = behavior;
      const delivery = await tryOut(receiver.url);
      assert.equal(delivery.statusCode, status, `${name}: ${JSON.stringify(delivery)}`);
      for (const [value, pattern] of [
        [delivery.responseStart, start],
        [delivery.problem, problem],
      ] as const) {
        if (pattern === null) assert.equal(value, null, name);
        else assert.match(value ?? "", pattern, name);
      }
    }
    assert.equal(receiver.received.length, cases.length, "no redirect was followed, nothing was sent twice");
    const nobody = await tryOut(`http://127.0.0.1:${await freePort()}/`);
    assert.match(nobody.problem, /^The request failed: connect ECONNREFUSED/);
  });

  it("end after 15 seconds if the receiver never answers, and hold nothing up but their own webhook", async (t) => {
    const [silent, prompt] = [await Receiver.start(t), await Receiver.start(t)];
    silent.behavior = () => undefined;
    const [slow, fast] = [await createWebhook(server.admin, silent.url), await createWebhook(server.admin, prompt.url)];
    await new Seed(server.admin).app();
    await prompt.until(1, 10_000);
    await untilDelivered(server, fast.id, 1);
    await silent.until(1);
    const { deliveries } = await untilWebhook(server, slow.id, (one) => one.deliveries.totalCount === 1, 25_000);
    const [delivery] = deliveries.nodes;
    assert.equal(delivery?.problem, "The receiver did not answer within 15 seconds.");
    assert.ok((delivery?.duration ?? 0) >= 14_900 && (delivery?.duration ?? 0) < 18_000, `${delivery?.duration} ms`);
  });

  it("go to the address that was checked, and to no host with an address that is not public", async (t) => {
    const receiver = await Receiver.start(t);
    const at = (host: string) => `http://${host}:${receiver.port}/`;
    Object.assign(addresses, {
      "good.test": [["127.0.0.1"]],
      "down-first.test": [["127.0.0.2", "127.0.0.1"]],
      "mixed.test": [["127.0.0.1", "10.0.0.1"]],
      "metadata.test": [["169.254.169.254"]],
      "six.test": [["::1"]],
      "mapped.test": [["::ffff:10.0.0.1"]],
      "rebinding.test": [["127.0.0.1"], ["192.168.0.1"]],
      "nothing.test": [[]],
    });
    const cases: [string, RegExp | null][] = [
      ["good.test", null],
      ["down-first.test", null],
      ["mixed.test", /^The host may not be called: 10\.0\.0\.1 is not a public address \(private\)\.$/],
      ["metadata.test", /169\.254\.169\.254 .*linkLocal/],
      ["six.test", /::1 .*loopback/],
      ["mapped.test", /::ffff:10\.0\.0\.1 .*ipv4Mapped/],
      ["nothing.test", /ENOTFOUND/],
    ];
    for (const [host, problem] of cases) {
      const delivery = await tryOut(at(host));
      if (problem === null) assert.equal(delivery.problem, null, host);
      else assert.match(delivery.problem ?? "", problem, host);
    }
    assert.equal(receiver.received[0]?.headers.host, `good.test:${receiver.port}`);
    // The first look is fine; the next connection looks again, and refuses.
    const { id } = await createWebhook(server.admin, at("rebinding.test"));
    receiver.behavior = answer(204, { connection: "close" });
    const tests = [];
    for (let index = 0; index < 2; index += 1)
      tests.push((await server.admin.mutate("testWebhook", { webhook: id }, TEST)).delivery.problem);
    assert.deepEqual(tests, [null, "The host may not be called: 192.168.0.1 is not a public address (private)."]);
    assert.equal(receiver.received.length, 3);
  });

  it("are refused for every address that is not public, unless its network is allowed", () => {
    const denied = [
      ...[
        "127.0.0.1",
        "127.255.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
      ],
      ...[
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
      ],
      ...[
        "fc00::1",
        "fd12::1",
        "ff02::1",
        "::ffff:8.8.8.8",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "2002:a00:1::",
        "2001::1",
      ],
      ...["2001:db8::1", "fec0::1", "100::1", "::7f00:1", "not an address", "1.2.3.4.5", ""],
    ];
    for (const address of denied) assert.notEqual(refuseAddress(address, []), null, address);
    for (const address of ["8.8.8.8", "2606:4700:4700::1111"]) assert.equal(refuseAddress(address, []), null, address);
    const networks = ["10.1.0.0/16", "fd00::/8", "192.168.7.7"]
      .map((text) => parseNetwork(text))
      .filter((one) => one !== null);
    assert.equal(networks.length, 3);
    for (const address of ["10.1.2.3", "fd12::1", "192.168.7.7", "::ffff:10.1.2.3"])
      assert.equal(refuseAddress(address, networks), null, address);
    for (const address of ["10.2.0.1", "192.168.7.8", "fc00::1"])
      assert.notEqual(refuseAddress(address, networks), null);
    for (const text of ["10.0.0.0/33", "10.0.0.0/-1", "nowhere", "10.0.0/8/8"])
      assert.equal(parseNetwork(text), null, text);
  });

  it("go by default to https and public hosts only, also of a webhook that was created when more was allowed", async (t) => {
    const receiver = await Receiver.start(t);
    const DATABASE_URL = await freshDatabase(t);
    const lax = await startServer(t, { env: { ...LOCAL, DATABASE_URL } });
    const { id } = await createWebhook(lax.admin, receiver.url);
    await lax.stop();
    const strict = await startServer(t, { env: { DATABASE_URL } });
    const refusals: [string, RegExp][] = [
      [
        "http://example.com/",
        /^url must begin with https:\/\/\. The setting WEBHOOK_ALLOW_HTTP=true allows http:\/\/\.$/,
      ],
      [`https://127.0.0.1:${receiver.port}/`, /^url must name a public host: 127\.0\.0\.1 .*WEBHOOK_NETWORKS/],
      [`https://localhost:${receiver.port}/`, /^url must name a public host/],
    ];
    for (const [url, message] of refusals)
      assert.match((await strict.admin.mutationError("createWebhook", { name: "strict", url })).message, message);
    const test = async () => (await strict.admin.mutate("testWebhook", { webhook: id }, TEST)).delivery.problem;
    assert.equal(await test(), "The URL begins with http://, which WEBHOOK_ALLOW_HTTP does not allow.");
    await strict.stop();
    const http = await startServer(t, { env: { DATABASE_URL, WEBHOOK_ALLOW_HTTP: "true" } });
    const { delivery } = await http.admin.mutate("testWebhook", { webhook: id }, TEST);
    assert.match(delivery.problem, /127\.0\.0\.1 is not a public address \(loopback\)/);
    assert.equal(receiver.received.length, 0);
  });

  it("read Retry-After as seconds or a date, up to 24 hours", () => {
    const now = Date.parse("2026-03-01T12:00:00Z");
    const cases: [string | undefined, number | null][] = [
      [undefined, null],
      ["120", 120_000],
      ["0", null],
      ["999999", 86_400_000],
      ["-5", null],
      ["soon", null],
      ["Sun, 01 Mar 2026 12:01:00 GMT", 60_000],
      ["Sun, 01 Mar 2026 11:00:00 GMT", null],
      ["Sun, 08 Mar 2026 12:00:00 GMT", 86_400_000],
    ];
    for (const [header, expected] of cases) assert.equal(parseRetryAfter(header, now), expected, header);
  });
});
