import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Cleanup } from "./server.js";

/** The application_name of listening connections, readable in their first message. */
const LISTENER_APPLICATION_NAME = "railyard listener";

/** A TCP proxy to PostgreSQL that can disturb listening connections. */
export interface PostgresProxy {
  /** The database's URL through the proxy. */
  readonly url: string;
  /** Number of listening connections so far, including refused ones. */
  readonly listeners: number;
  /** Closes the current listening connections. */
  cut(): void;
  /** Refuses further listening connections. */
  refuse(): void;
  /** Stops forwarding on the current listening connections without closing them, like a network that drops packets. */
  freeze(): void;
  /** Does the same for all current connections. */
  freezeAll(): void;
  /** Accepts further connections, and forwards nothing. */
  freezeNew(): void;
}

export async function startPostgresProxy(t: Cleanup, databaseUrl: string): Promise<PostgresProxy> {
  const there = new URL(databaseUrl);
  const all = new Set<Socket>();
  const pairs = new Set<readonly [Socket, Socket]>();
  const listening = new Set<readonly [Socket, Socket]>();
  let listeners = 0;
  let refusing = false;
  let swallowing = false;
  const server = createServer(async (near) => {
    const far = connect(Number(there.port), there.hostname);
    for (const socket of [near, far]) {
      all.add(socket);
      socket.on("error", () => undefined).on("close", () => all.delete(socket));
    }
    if (swallowing) return;
    const [first] = (await once(near, "data").catch(() => [Buffer.alloc(0)])) as [Buffer];
    if (first.includes(LISTENER_APPLICATION_NAME)) {
      listeners += 1;
      if (refusing) {
        near.destroy();
        far.destroy();
        return;
      }
    }
    const pair = [near, far] as const;
    pairs.add(pair);
    if (first.includes(LISTENER_APPLICATION_NAME)) listening.add(pair);
    far.write(first);
    near.pipe(far);
    far.pipe(near);
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
    near.on("close", () => pairs.delete(pair));
  });
  const freeze = (frozen: Iterable<readonly [Socket, Socket]>) => {
    for (const [near, far] of frozen) {
      near.unpipe(far).resume();
      far.unpipe(near).resume();
    }
    listening.clear();
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of all) socket.destroy();
    server.close();
  });
  const here = new URL(databaseUrl);
  here.port = String((server.address() as AddressInfo).port);
  return {
    url: here.href,
    get listeners() {
      return listeners;
    },
    cut() {
      for (const pair of listening) for (const socket of pair) socket.destroy();
      listening.clear();
    },
    refuse() {
      refusing = true;
    },
    freeze: () => freeze(listening),
    freezeAll: () => freeze(pairs),
    freezeNew() {
      swallowing = true;
    },
  };
}
