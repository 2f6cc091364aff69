import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Cleanup } from "../service/server.js";

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
  /** Ends further connections with the packet that opens them, as an administrator may. */
  endNew(): void;
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
  let ending = false;
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
    if (ending) endWhenReady(far, near);
    else far.pipe(near);
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
    endNew() {
      ending = true;
    },
    freezeNew() {
      swallowing = true;
    },
  };
}

/** The last message of a server that is ready for a statement. */
const READY = Buffer.from("5a0000000549", "hex");

/** Forwards until the server is ready, and adds the error with which an administrator ends a connection to the same packet. */
function endWhenReady(far: Socket, near: Socket): void {
  far.on("data", (data) => {
    if (!data.subarray(-READY.length).equals(READY)) return void near.write(data);
    const fields = "SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0";
    const head = Buffer.from("E\0\0\0\0");
    head.writeInt32BE(4 + fields.length, 1);
    near.end(Buffer.concat([data, head, Buffer.from(fields)]));
  });
}
