import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { eventually } from "../../../src/async/eventually.js";
import type { Cleanup } from "../service/temporary-folder.js";

/** A request that arrived. */
export interface Received {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** `webhook-id`. */
  readonly id: string;
  // biome-ignore lint/suspicious/noExplicitAny: the test knows the format.
  readonly json: any;
}

export type Behavior = (request: IncomingMessage, response: ServerResponse, received: Received) => unknown;

/** Answers with a status and nothing else. */
export const answer =
  (status: number, headers: Record<string, string> = {}): Behavior =>
  (_, response) =>
    response.writeHead(status, headers).end();

/** A real receiver of webhooks. It keeps what arrives, and answers as it is told. */
export class Receiver {
  readonly received: Received[] = [];
  /** How it answers. @default 204 */
  behavior: Behavior = answer(204);
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  static async start(t: Cleanup, port = 0): Promise<Receiver> {
    const server = createServer();
    const receiver = new Receiver(server);
    server.on("request", (request, response) => receiver.#receive(request, response));
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    t.after(() => receiver.stop());
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`;
  }

  /** The types of the events that arrived, in the format RAILYARD. */
  get types(): string[] {
    return this.received.map(({ json }) => json.type);
  }

  /** Waits until a number of requests have arrived. */
  async until(count: number, timeoutMs = 20_000): Promise<readonly Received[]> {
    if (await eventually(() => this.received.length >= count, { timeoutMs })) return this.received;
    throw new Error(`Expected ${count} requests, got ${this.received.length}: ${this.types.join(", ")}.`);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const body = Buffer.concat(chunks).toString();
    const headers = request.headers as Record<string, string>;
    const received = { headers, body, id: headers["webhook-id"] ?? "", json: JSON.parse(body) };
    this.received.push(received);
    this.behavior(request, response, received);
  }
}

/** A port that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
