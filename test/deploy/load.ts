import type { Client } from "../support/clients/client.js";
import { Socket } from "../support/clients/socket.js";
import { ADMIN_SECRET } from "../support/service/server.js";
import type { Cleanup } from "../support/service/temporary-folder.js";
import { waitUntil } from "./installation.js";

const NAME = /load-\d+-\d+/;

/** Clients that send mutations and queries one after another, and record failures. */
export class Load {
  readonly failures: string[] = [];
  /** The names of the apps whose creation was acknowledged. */
  readonly created = new Set<string>();
  #requests = 0;
  #running = true;
  readonly #workers: Promise<unknown>;

  constructor(client: Client, workers = 6) {
    this.#workers = Promise.all(Array.from({ length: workers }, (_, index) => this.#work(client, index)));
  }

  async #work(client: Client, worker: number): Promise<void> {
    for (let index = 0; this.#running; index += 1) {
      const name = `load-${worker}-${index}`;
      try {
        await client.mutate("createApp", { name }, "app { id }");
        this.created.add(name);
        await client.ask("{ apps(first: 5) { nodes { name } } }");
        this.#requests += 2;
      } catch (error) {
        this.failures.push(String(error));
      }
    }
  }

  /** Waits for this many further responses. */
  async answered(count: number): Promise<void> {
    const goal = this.#requests + count;
    await waitUntil(() => this.#requests >= goal, `${count} more answers (failed: ${this.failures.join("; ")})`);
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#workers;
  }
}

/** A subscriber that reconnects with its cursor whenever its WebSocket is closed. */
export class Watcher {
  /** The names of the apps in its events, in order. */
  readonly names: string[] = [];
  /** The close codes of its WebSockets. */
  readonly closed: number[] = [];
  #cursor: string | null = null;

  /** Resolves once the first subscription is active. */
  static async start(t: Cleanup, url: string): Promise<Watcher> {
    const watcher = new Watcher();
    let running = true;
    t.after(() => {
      running = false;
    });
    const reconnect = async (socket: Socket): Promise<void> => {
      for (let current = socket; running; current = await watcher.#subscribe(t, url)) {
        watcher.closed.push(await current.closed);
      }
    };
    reconnect(await watcher.#subscribe(t, url)).catch(() => undefined);
    return watcher;
  }

  async #subscribe(t: Cleanup, url: string): Promise<Socket> {
    const socket = await Socket.open(t, url, ADMIN_SECRET);
    const query =
      "subscription ($after: EventCursor) { events(after: $after) { cursor ... on ChangeEvent { summary } } }";
    const stream = socket.run(query, { after: this.#cursor });
    stream.keep = (result) => {
      const { cursor, summary } = result.data.events;
      this.#cursor = cursor;
      const [name] = NAME.exec(summary) ?? [];
      if (name !== undefined) this.names.push(name);
      return {};
    };
    // Requests run in order, so this response comes after the subscription began.
    await socket.run("{ viewer { role } }").until(({ complete }) => complete);
    return socket;
  }
}
