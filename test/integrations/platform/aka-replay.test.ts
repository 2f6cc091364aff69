import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { after, describe, it } from "node:test";
import { configKeys } from "../../support/data/config-keys.js";
import { findUndocumented, readCommands } from "../../support/examples/migrated-commands.js";
import { ADMIN_SECRET, startServer } from "../../support/service/server.js";

/*
 * Requests of the unmodified command line of Akkeris (`aka` 3.1.26), recorded with their responses between it and a server, while
 * each command printed what it should. They are sent again byte for byte, with only the host, the token and ids replaced. Every
 * field of a recorded response must still be there with the same value: the client printed it.
 */

interface Exchange {
  readonly line: string;
  /** The last header, which says how the body is sent; absent without one. */
  readonly framing?: string;
  readonly body?: string;
  readonly status: number;
  readonly response: unknown;
}

interface Recording {
  readonly command: string;
  readonly requests: readonly Exchange[];
}

const recordings = readFileSync("test/clients/aka/requests.jsonl", "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as Recording);

const server = await startServer({ after }, { env: configKeys("k1") });
const host = new URL(server.url).host;

describe("recorded requests of aka", () => {
  /** Recorded ids, and those of this server. */
  const ids = new Map<string, string>();

  for (const { command, requests } of recordings) {
    it(command, async () => {
      assert.notEqual(requests.length, 0);
      for (const request of requests) {
        const { status, body } = await send(withIds(request.line), request.framing, withIds(request.body ?? ""));
        const where = `${request.line} → ${status} ${JSON.stringify(body)}`;
        assert.equal(status, request.status, where);
        if (status < 400) compare(request.line, request.response, body);
        // The text of a refusal may change.
        else compare(request.line, { id: (request.response as { id: string }).id }, body);
      }
    });
  }

  it("cover the commands that docs/migrate.md says work, and it lists all", () => {
    const documented = readCommands("aka");
    const commands = readFileSync("test/clients/aka/commands.txt", "utf8").trimEnd().split("\n");
    assert.deepEqual(findUndocumented(commands, documented), []);
    const recorded = recordings.map(({ command }) => command.split(" ")[1]);
    assert.deepEqual(
      [...documented.works, ...documented.differs].filter((one) => !recorded.includes(one)),
      [],
    );
  });

  function withIds(text: string): string {
    return text.replace(UUID, (id) => ids.get(id) ?? id);
  }

  /** Checks that everything recorded is there again. Additional fields are fine. */
  function compare(where: string, recorded: unknown, actual: unknown): void {
    if (Array.isArray(recorded)) {
      assert.ok(Array.isArray(actual), `${where} is a list`);
      assert.equal(actual.length, recorded.length, `length of ${where}`);
      for (const [index, one] of recorded.entries()) compare(`${where}[${index}]`, one, actual[index]);
    } else if (typeof recorded === "object" && recorded !== null) {
      assert.ok(typeof actual === "object" && actual !== null, `${where} is an object`);
      for (const [key, value] of Object.entries(recorded)) {
        compare(`${where}.${key}`, value, (actual as Record<string, unknown>)[key]);
      }
    } else if (typeof recorded === "string" && typeof actual === "string" && isId(recorded) && isId(actual)) {
      if (!ids.has(recorded)) ids.set(recorded, actual);
      assert.equal(actual, ids.get(recorded), where);
    } else if (typeof recorded === "string" && typeof actual === "string" && TIME.test(recorded)) {
      assert.match(actual, TIME, where);
    } else {
      assert.equal(actual, recorded, where);
    }
  }
});

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function isId(text: string): boolean {
  return text.length === 36 && text.search(UUID) === 0;
}

/** Sends what the client sent, and reads one response. */
function send(line: string, framing: string | undefined, body: string): Promise<{ status: number; body: unknown }> {
  const headers = [
    "content-type: application/json",
    `authorization: Bearer ${ADMIN_SECRET}`,
    "accept: */*",
    "accept-encoding: gzip",
    "user-agent: akkeris-cli",
    `Host: ${host}`,
    "Connection: keep-alive",
    ...(framing === undefined ? [] : [framing]),
  ];
  const chunk = `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  const request = `${[line, ...headers].join("\r\n")}\r\n\r\n${body === "" ? "" : chunk}`;
  return new Promise((resolve, reject) => {
    const socket = connect(Number(host.split(":")[1]), "127.0.0.1", () => socket.write(request));
    let received = "";
    socket.setEncoding("utf8");
    socket.on("error", reject);
    socket.on("end", () => reject(new Error(`The connection ended: ${received}`)));
    socket.on("data", (data) => {
      received += data;
      const end = received.indexOf("\r\n\r\n");
      const length = /^content-length: (\d+)/im.exec(received.slice(0, end))?.[1];
      const content = received.slice(end + 4);
      if (end === -1 || Buffer.byteLength(content) < Number(length)) return;
      socket.destroy();
      resolve({ status: Number(received.split(" ", 2)[1]), body: JSON.parse(content) });
    });
  });
}
