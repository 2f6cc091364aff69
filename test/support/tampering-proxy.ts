import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { ResponseError } from "./client.js";
import type { Cleanup } from "./server.js";

/** A server's answer, open to change. */
export interface MutableResponse {
  // biome-ignore lint/suspicious/noExplicitAny: whoever tampers with an answer knows what it holds.
  data?: any;
  errors?: (ResponseError & { extensions: { blockers?: unknown[] } })[];
}

/** What goes wrong on the way. */
export interface Tampering {
  /** Changes an answer. */
  answer?(answer: MutableResponse): void;
  /** Whether a request, given by its body, is carried out with the administrator's token instead of its own. */
  elevates?(body: string): boolean;
}

/** Stands before a real server and passes everything on, but for what it tampers with. Gives its address. */
export async function startTamperingProxy(
  t: Cleanup,
  url: string,
  adminSecret: string,
  tamper: Tampering,
): Promise<string> {
  const proxy = createServer(async (request, response) => {
    const body = await text(request);
    const own = request.headers.authorization ?? "";
    const authorization = tamper.elevates?.(body) ? `Bearer ${adminSecret}` : own;
    const headers = { "content-type": "application/json", authorization };
    const passedOn = await fetch(`${url}/graphql`, { method: "POST", headers, body });
    const answer = (await passedOn.json()) as MutableResponse;
    tamper.answer?.(answer);
    response.writeHead(passedOn.status, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}
