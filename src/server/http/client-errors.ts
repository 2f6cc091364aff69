import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { Refusal } from "../../domain/core/refusal.js";
import { present } from "../../schema/errors.js";

/** Node's codes for requests that cannot be read, with the response to each. */
const RESPONSES: Readonly<Record<string, readonly [status: 408 | 431, message: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, "The request did not arrive in time."],
  HPE_HEADER_OVERFLOW: [431, "The headers must be at most 16384 bytes."],
};

/** Responds to a request that is not HTTP or did not arrive in time, and closes its connection. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  const [status, message] = RESPONSES[error.code ?? ""] ?? [400, "The request is not HTTP."];
  const body = JSON.stringify({ errors: [present(new Refusal("BAD_USER_INPUT", message), "").error] });
  if (socket.writable) {
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      "Connection: close",
      "Content-Type: application/json; charset=utf-8",
      `Content-Length: ${Buffer.byteLength(body)}`,
    ];
    socket.write(`${head.join("\r\n")}\r\n\r\n${body}`);
  }
  socket.destroy(error);
}
