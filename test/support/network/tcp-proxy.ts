import type { AddressInfo } from "node:net";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Cleanup } from "../service/server.js";

/** A TCP proxy with a fixed address that can be closed and reopened. */
export class TcpProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #target: string;
  #open = true;
  #attempts = 0;

  private constructor(target: string) {
    this.#target = target;
    this.#server = createServer((socket) => this.#forward(socket));
  }

  static async start(url: string, t: Cleanup): Promise<TcpProxy> {
    const proxy = new TcpProxy(url);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    t.after(() => {
      proxy.close();
      proxy.#server.close();
    });
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Closes all connections and refuses new ones. */
  close(): void {
    this.#open = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Accepts connections again and forwards them to this server. */
  open(url = this.#target): void {
    this.#target = url;
    this.#open = true;
  }

  /** Number of connection attempts while it was closed. */
  get attempts(): number {
    return this.#attempts;
  }

  #forward(socket: Socket): void {
    if (!this.#open) {
      this.#attempts++;
      socket.destroy();
      return;
    }
    const { hostname, port } = new URL(this.#target);
    const other = connect(Number(port), hostname);
    for (const [one, another] of [
      [socket, other],
      [other, socket],
    ] as const) {
      this.#sockets.add(one);
      one.on("error", () => {});
      one.on("close", () => {
        this.#sockets.delete(one);
        another.destroy();
      });
      one.pipe(another);
    }
  }
}
