import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Cleanup } from "./server.js";

/** How a connection that only listens says who it is; its first message is readable. */
const LISTENER_APPLICATION_NAME = "railyard listener";

/** What an instance reaches PostgreSQL through, and on which what can happen to a connection that listens does. */
export interface PostgresProxy {
  /** The database's address by this way. */
  readonly url: string;
  /** How many connections that listen have come so far, refused ones included. */
  readonly listeners: number;
  /** Ends those that listen now, as a server or a firewall that says so does. */
  cut(): void;
  /** Lets no further one come. */
  refuse(): void;
  /** Passes nothing on any more of those that listen now, and says nothing of it: a network that has lost them. */
  freeze(): void;
  /** The same for every connection that there is now. */
  freezeAll(): void;
}

export async function startPostgresProxy(t: Cleanup, databaseUrl: string): Promise<PostgresProxy> {
  const there = new URL(databaseUrl);
  const all = new Set<Socket>();
  const pairs = new Set<readonly [Socket, Socket]>();
  const listening = new Set<readonly [Socket, Socket]>();
  let listeners = 0;
  let refusing = false;
  const server = createServer(async (near) => {
    const far = connect(Number(there.port), there.hostname);
    for (const socket of [near, far]) {
      all.add(socket);
      socket.on("error", () => undefined).on("close", () => all.delete(socket));
    }
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
  };
}
