import { once } from "node:events";
import { WebSocket } from "ws";
import type { Cleanup } from "../service/server.js";
import type { ResponseError } from "./client.js";

/** Maximum time to wait for a message. */
const TIMEOUT_MS = Number(process.env.TEST_PATIENCE ?? 60_000);

/** An operation on a socket, with everything received for it. */
export class Operation {
  // biome-ignore lint/suspicious/noExplicitAny: the caller knows the shape of the selected data.
  readonly results: { data?: any; errors?: readonly ResponseError[]; extensions?: unknown }[] = [];
  errors: readonly ResponseError[] | null = null;
  complete = false;
  /** Reduces each result before it is stored, for tests with many results. */
  keep: (result: Operation["results"][number]) => Operation["results"][number] = (result) => result;
  readonly #changed = new Set<() => void>();

  constructor(
    readonly id: string,
    readonly socket: Socket,
  ) {}

  /** The values of the subscription's only field, one per result. */
  // biome-ignore lint/suspicious/noExplicitAny: the caller knows the shape of the selected data.
  get events(): any[] {
    return this.results.map(({ data }) => Object.values(data ?? {})[0]);
  }

  receive(message: { type: string; payload?: unknown }): void {
    if (message.type === "next") this.results.push(this.keep(message.payload as never));
    if (message.type === "error") this.errors = message.payload as never;
    if (message.type === "complete") this.complete = true;
    this.notify();
  }

  notify(): void {
    for (const check of this.#changed) check();
  }

  /** Waits until a condition holds for the received messages. */
  until(holds: (operation: this) => boolean): Promise<this> {
    return new Promise((resolve, reject) => {
      const over = (settle: () => void) => {
        clearTimeout(patience);
        this.#changed.delete(check);
        settle();
      };
      const check = () => {
        if (holds(this)) over(() => resolve(this));
        else if (this.socket.code !== null)
          over(() => reject(new Error(`The socket was closed: ${this.socket.code}.`)));
        // As long as messages arrive, it goes on.
        else patience.refresh();
      };
      // No assertion depends on time: this ends a test that would otherwise wait forever.
      const patience = setTimeout(() => {
        over(() => reject(new Error(`Timed out with ${this.results.length} results.`)));
      }, TIMEOUT_MS);
      this.#changed.add(check);
      check();
    });
  }

  /** Waits for the first `count` events and returns them. */
  // biome-ignore lint/suspicious/noExplicitAny: the caller knows the shape of the selected data.
  async take(count: number): Promise<any[]> {
    await this.until((operation) => operation.results.length >= count || operation.errors !== null);
    if (this.errors !== null) throw new Error(`The subscription was refused: ${JSON.stringify(this.errors)}`);
    return this.events.slice(0, count);
  }

  /** Waits for the error message of the whole operation. */
  async error(): Promise<ResponseError> {
    await this.until((operation) => operation.errors !== null);
    return (this.errors as readonly ResponseError[])[0] as ResponseError;
  }

  stop(): void {
    this.socket.send({ id: this.id, type: "complete" });
  }
}

export interface SocketOptions {
  readonly headers?: Record<string, string>;
  /** Connection parameters instead of the secret as `authorization`. */
  readonly params?: Record<string, unknown>;
  /** False for a peer that does not answer pings. @default true */
  readonly autoPong?: boolean;
}

/** A graphql-transport-ws client that exposes every message. */
export class Socket {
  readonly operations = new Map<string, Operation>();
  acknowledged = false;
  /** The close code; null while it is open. */
  code: number | null = null;
  readonly #closed: Promise<number>;
  #count = 0;

  constructor(readonly ws: WebSocket) {
    this.#closed = new Promise((resolve) => {
      ws.once("close", (code) => {
        this.code = code;
        for (const operation of this.operations.values()) operation.notify();
        resolve(code);
      });
    });
    ws.on("error", () => undefined);
    ws.on("message", (text) => {
      const message = JSON.parse(String(text));
      if (message.type === "connection_ack") this.acknowledged = true;
      this.operations.get(message.id)?.receive(message);
    });
  }

  /** The close code, once it is closed. */
  get closed(): Promise<number> {
    let patience: NodeJS.Timeout | undefined;
    const waited = new Promise<never>((_, reject) => {
      // No assertion depends on time: this ends a test that would otherwise wait forever.
      patience = setTimeout(() => reject(new Error("The socket is still open.")), TIMEOUT_MS).unref();
    });
    return Promise.race([this.#closed, waited]).finally(() => clearTimeout(patience));
  }

  /** Opens a socket without signing in. Rejects with the HTTP status if the server refuses the upgrade. */
  static async connect(t: Cleanup, url: string, options: SocketOptions = {}): Promise<Socket> {
    const ws = new WebSocket(`${url.replace(/^http/, "ws")}/graphql`, "graphql-transport-ws", {
      ...(options.headers && { headers: options.headers }),
      autoPong: options.autoPong ?? true,
    });
    t.after(() => ws.terminate());
    const socket = new Socket(ws);
    await new Promise<void>((resolve, reject) => {
      ws.once("open", resolve);
      ws.once("unexpected-response", (_, response) => reject(new Error(`HTTP ${response.statusCode}`)));
      ws.once("error", reject);
    });
    return socket;
  }

  /** Opens a socket and signs in. Resolves once the server has acknowledged or closed the connection. */
  static async open(t: Cleanup, url: string, secret: string | null, options: SocketOptions = {}): Promise<Socket> {
    const socket = await Socket.connect(t, url, options);
    const params = options.params ?? (secret === null ? {} : { authorization: `Bearer ${secret}` });
    const answered = Promise.race([once(socket.ws, "message"), socket.#closed]);
    socket.send({ type: "connection_init", payload: params });
    await answered;
    return socket;
  }

  send(message: object): void {
    this.ws.send(JSON.stringify(message));
  }

  run(query: string, variables: Record<string, unknown> = {}, id = `op-${this.#count}`): Operation {
    this.#count += 1;
    const operation = new Operation(id, this);
    this.operations.set(id, operation);
    this.send({ id, type: "subscribe", payload: { query, variables } });
    return operation;
  }
}

export const LOG_START = Buffer.from("event:0").toString("base64url");
