import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { handleCalls } from "../child-process.js";

/* The lower bound for an HTTP response: sends ready-made bytes for every request. */

let body = Buffer.alloc(0);
const server = createServer((request, response) => {
  request.resume().on("end", () => {
    response.writeHead(200, { "content-type": "application/json; charset=utf-8", "content-length": body.length });
    response.end(body);
  });
});

handleCalls({
  listen: (text: string) =>
    new Promise((resolve) => {
      body = Buffer.from(text);
      server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
    }),
});
