import { once } from "node:events";
import { WebSocket } from "ws";
import { ADMIN_SECRET } from "./processes.js";

const SOCKETS = 50;
const SUBSCRIPTIONS_PER_SOCKET = 20;
export const SUBSCRIPTION_COUNT = SOCKETS * SUBSCRIPTIONS_PER_SOCKET;
/** How long anything that was sent may take to arrive, in milliseconds. */
const RECEIVE_TIMEOUT_MS = 60_000;

const SUBSCRIPTION = `subscription { events(types: [RELEASE_CREATED]) {
  cursor type occurredAt actor { name } pipelineId
  ... on ReleaseEvent { releasePhase release { id version description app { id name } build { commit { sha } } } }
} }`;

/** Called with what a subscription was told, and when, in milliseconds of `performance.now()`. */
export type OnMessage = (text: Buffer, at: number) => void;

/** Those who listen: subscriptions that are all the same, on sockets of this process. */
export class Subscribers {
  #sockets: readonly WebSocket[] = [];
  readonly #subscriptionCount: number;
  #received = 0;
  #waiting: { readonly messages: number; resolve(connect: number): void } | null = null;
  /** Looks at every message. */
  onMessage: OnMessage | null = null;

  private constructor(size: number) {
    this.#subscriptionCount = size;
  }

  /**
   * Subscribes at a server: 1,000 subscriptions on 50 sockets, if not said otherwise. That it was sent does not mean that it
   * was seen: there is no answer to a subscription.
   */
  static async at(port: number, sockets = SOCKETS, perSocket = SUBSCRIPTIONS_PER_SOCKET): Promise<Subscribers> {
    const audience = new Subscribers(sockets * perSocket);
    const received = (text: Buffer) => audience.#receive(text);
    const opened = Array.from({ length: sockets }, () => subscribe(port, perSocket, received));
    audience.#sockets = await Promise.all(opened);
    return audience;
  }

  /** How many messages have come since it was last set to 0. */
  get heard(): number {
    return this.#received;
  }

  /** Counts from 0 until so many have come; when the last of them came. Throws after a minute. */
  waitFor(messages: number): Promise<number> {
    this.#received = 0;
    return new Promise((resolve, reject) => {
      const late = () => reject(new Error(`Of ${messages} messages ${this.#received} came within a minute.`));
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

  /** Lets something happen that each is told of, until everybody hears of it: then all subscriptions are in place. */
  async waitUntilSubscribed(happen: () => Promise<unknown>): Promise<void> {
    do {
      this.#received = 0;
      await happen();
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

async function subscribe(port: number, subscriptions: number, heard: (text: Buffer) => void): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, "graphql-transport-ws");
  await once(socket, "open");
  socket.send(JSON.stringify({ type: "connection_init", payload: { authorization: `Bearer ${ADMIN_SECRET}` } }));
  await once(socket, "message");
  for (let index = 0; index < subscriptions; index += 1) {
    socket.send(JSON.stringify({ id: `s${index}`, type: "subscribe", payload: { query: SUBSCRIPTION } }));
  }
  socket.on("message", heard);
  return socket;
}
