import { once } from "node:events";
import { WebSocket } from "ws";
import { ADMIN_SECRET } from "./processes.js";

const SOCKETS = 50;
const SUBSCRIPTIONS_PER_SOCKET = 20;
export const SUBSCRIPTION_COUNT = SOCKETS * SUBSCRIPTIONS_PER_SOCKET;

const RECEIVE_TIMEOUT_MS = 60_000;

const SUBSCRIPTION = `subscription { events(types: [RELEASE_CREATED]) {
  cursor type occurredAt actor { name } pipelineId
  ... on ReleaseEvent { releasePhase release { id version description app { id name } build { commit { sha } } } }
} }`;

/** What the sockets subscribe to. */
export interface SubscriptionsOptions {
  /** @default 50 */
  readonly sockets?: number;
  /** @default 20 */
  readonly perSocket?: number;
  /** The token of a socket. @default the administrator's */
  getSecret?(socket: number): string;
  /** The operation of a subscription. @default the same for all */
  toOperation?(socket: number, index: number): { readonly query: string; readonly variables?: object };
}

/** Called with each message and the time of its arrival, in milliseconds of `performance.now()`. */
export type OnMessage = (text: Buffer, at: number) => void;

/** Subscriptions on sockets of this process, identical unless the options say otherwise. */
export class Subscribers {
  #sockets: readonly WebSocket[] = [];
  readonly #subscriptionCount: number;
  #received = 0;
  #waiting: { readonly messages: number; resolve(at: number): void } | null = null;
  /** Called for every message. */
  onMessage: OnMessage | null = null;

  private constructor(size: number) {
    this.#subscriptionCount = size;
  }

  /**
   * Opens the sockets and sends the subscriptions. The server does not acknowledge a subscription, so they may not be
   * active yet; see `waitUntilSubscribed`.
   */
  static async connect(port: number, options: SubscriptionsOptions = {}): Promise<Subscribers> {
    const { sockets = SOCKETS, perSocket = SUBSCRIPTIONS_PER_SOCKET } = options;
    const subscribers = new Subscribers(sockets * perSocket);
    const received = (text: Buffer) => subscribers.#receive(text);
    const opened: WebSocket[] = [];
    // One at a time: the server limits the number of sockets that have not signed in.
    for (let socket = 0; socket < sockets; socket += 1) {
      const secret = options.getSecret?.(socket) ?? ADMIN_SECRET;
      const operations = Array.from({ length: perSocket }, (_, index) => {
        return options.toOperation?.(socket, index) ?? { query: SUBSCRIPTION };
      });
      opened.push(await subscribe(port, secret, operations, received));
    }
    subscribers.#sockets = opened;
    return subscribers;
  }

  /** Messages received since `waitFor` or `waitUntilSubscribed` last reset the count. */
  get received(): number {
    return this.#received;
  }

  /** Resets the count and waits for this many messages. Returns when the last one arrived. Throws after a minute. */
  waitFor(messages: number): Promise<number> {
    this.#received = 0;
    return new Promise((resolve, reject) => {
      const late = () => reject(new Error(`Received ${this.#received} of ${messages} messages within a minute.`));
      const timer = setTimeout(late, RECEIVE_TIMEOUT_MS);
      this.#waiting = {
        messages,
        resolve: (at) => {
          clearTimeout(timer);
          resolve(at);
        },
      };
    });
  }

  /** Triggers an event until every subscription receives it: then all subscriptions are active. */
  async waitUntilSubscribed(triggerEvent: () => Promise<unknown>): Promise<void> {
    do {
      this.#received = 0;
      await triggerEvent();
      await new Promise((resolve) => setTimeout(resolve, 300));
    } while (this.#received < this.#subscriptionCount);
  }

  close(): void {
    for (const socket of this.#sockets) socket.terminate();
  }

  #receive(text: Buffer): void {
    const at = performance.now();
    this.#received += 1;
    this.onMessage?.(text, at);
    if (this.#waiting === null || this.#received < this.#waiting.messages) return;
    const { resolve } = this.#waiting;
    this.#waiting = null;
    resolve(at);
  }
}

async function subscribe(
  port: number,
  secret: string,
  operations: readonly object[],
  onMessage: (text: Buffer) => void,
): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, "graphql-transport-ws");
  await once(socket, "open");
  socket.send(JSON.stringify({ type: "connection_init", payload: { authorization: `Bearer ${secret}` } }));
  await once(socket, "message");
  for (const [index, payload] of operations.entries()) {
    socket.send(JSON.stringify({ id: `s${index}`, type: "subscribe", payload }));
  }
  socket.on("message", onMessage);
  return socket;
}
