import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { createClient } from "graphql-ws";
import { WebSocket, WebSocketServer } from "ws";
import { CLOSE_CODES } from "../../../src/server/websocket/failures.js";
import { readTable } from "../../support/documents/markdown.js";

describe("the close codes", () => {
  it("are those of the documentation", () => {
    const listed = readTable("docs/subscriptions.md", "Close codes").map((row) => row.slice(0, 3));
    const expected = Object.entries(CLOSE_CODES).map(([code, { reason, reconnects }]) => [
      code,
      reason,
      reconnects ? "yes" : "no",
    ]);
    assert.deepEqual(listed, expected);
  });

  it("make the graphql-ws client reconnect as documented", async (t) => {
    const behavior = await Promise.all(
      Object.keys(CLOSE_CODES).map(async (code) => [Number(code), await reconnectsAfter(t, Number(code))]),
    );
    const expected = Object.entries(CLOSE_CODES).map(([code, { reconnects }]) => [Number(code), reconnects]);
    assert.deepEqual(behavior, expected);
  });
});

/** Whether the client subscribes again after its socket was closed with a code. */
async function reconnectsAfter(t: TestContext, code: number): Promise<boolean> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  let subscriptions = 0;
  const client = createClient({
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    webSocketImpl: WebSocket,
    retryWait: async () => undefined,
  });
  t.after(async () => {
    await client.dispose();
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  return new Promise<boolean>((resolve) => {
    server.on("connection", (socket) => {
      socket.on("message", (data) => {
        const { type } = JSON.parse(String(data));
        if (type === "connection_init") socket.send('{"type":"connection_ack"}');
        if (type !== "subscribe") return;
        subscriptions += 1;
        if (subscriptions === 1) socket.close(code);
        else resolve(true);
      });
    });
    client.subscribe(
      { query: "subscription { x }" },
      { next: () => {}, error: () => resolve(false), complete: () => {} },
    );
  });
}
