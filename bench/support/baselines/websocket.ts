import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { handleCalls } from "../child-process.js";

/* The lower bound for a fan-out: sends ready-made bytes to every subscription of every socket. */

const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
/** The subscription ids of each socket. */
const clients = new Map<WebSocket, string[]>();
server.on("connection", (socket) => {
  const ids: string[] = [];
  clients.set(socket, ids);
  socket.on("close", () => clients.delete(socket));
  socket.on("message", (message) => {
    const { type, id } = JSON.parse(String(message)) as { type: string; id: string };
    if (type === "subscribe") ids.push(id);
    else socket.send('{"type":"connection_ack"}');
  });
});
const listening = new Promise<void>((resolve) => server.once("listening", resolve));

handleCalls({
  port: async () => {
    await listening;
    return (server.address() as AddressInfo).port;
  },
  subscriptions: () => [...clients.values()].reduce((sum, ids) => sum + ids.length, 0),
  broadcast: async (payloads: readonly string[]) => {
    for (const payload of payloads) {
      for (const [socket, ids] of clients) {
        for (const id of ids) socket.send(`{"id":"${id}","type":"next","payload":${payload}}`);
      }
      await new Promise(setImmediate);
    }
  },
});
