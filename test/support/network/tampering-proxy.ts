import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { ResponseError } from "../clients/client.js";
import type { Cleanup } from "../service/server.js";

/** A mutable response of a server. */
export interface MutableResponse {
  // biome-ignore lint/suspicious/noExplicitAny: the test knows the shape of the response that it changes.
  data?: any;
  errors?: (ResponseError & { extensions: { blockers?: unknown[] } })[];
}

/** What the proxy changes. */
export interface Tampering {
  /** Changes a response. */
  answer?(answer: MutableResponse): void;
  /** Whether to send a request with the administrator's token, decided by its body. */
  elevates?(body: string): boolean;
}

/** Starts a proxy in front of a real server and returns its URL. It forwards everything except what it tampers with. */
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
