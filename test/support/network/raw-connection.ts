import { connect, type Socket } from "node:net";
import type { Cleanup } from "../service/server.js";

/** A TCP connection to a server, to send bytes that no HTTP client would send. */
export class RawConnection {
  received = "";
  closed = false;
  readonly #socket: Socket;

  constructor(t: Cleanup, url: string) {
    const { hostname, port } = new URL(url);
    this.#socket = connect(Number(port), hostname).setNoDelay(true);
    this.#socket.on("error", () => undefined);
    this.#socket.on("close", () => {
      this.closed = true;
    });
    this.#socket.on("data", (data) => {
      this.received += data;
    });
    t.after(() => this.#socket.destroy());
  }

  /** Resolves when the bytes are with the kernel. */
  write(bytes: string | Buffer): Promise<void> {
    return new Promise((resolve) => this.#socket.write(bytes, () => resolve()));
  }

  /** Stops reading, so that responses stay with the server. */
  pause(): void {
    this.#socket.pause();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  resume(): void {
    this.#socket.resume();
  }
}

/** The head of a request, with `length` bytes of body to follow. */
export function requestHead(path: string, length: number, headers: Readonly<Record<string, string>> = {}): string {
  const all = { Host: "test", "Content-Type": "application/json", "Content-Length": String(length), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
}
