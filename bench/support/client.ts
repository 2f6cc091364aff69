import { connect, type Socket } from "node:net";
import { ADMIN_SECRET } from "./processes.js";

/** The bytes of an HTTP request with a GraphQL operation. */
export function request(query: string, variables: unknown): Buffer {
  const body = JSON.stringify({ query, variables });
  return Buffer.from(
    `POST /graphql HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer ${ADMIN_SECRET}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

const END_OF_HEADERS = Buffer.from("\r\n\r\n");

/**
 * A keep-alive connection that sends one request at a time. It does as little as possible: client and server share the
 * CPUs, so client work would distort the measurement.
 */
export class Connection {
  readonly #socket: Socket;
  #received: Buffer[] = [];
  #size = 0;
  #expected = Number.POSITIVE_INFINITY;
  #waiting: { resolve(body: Buffer): void; reject(error: Error): void } | null = null;

  constructor(port: number) {
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket.on("data", (chunk) => this.#receive(chunk));
    this.#socket.on("error", (error) => this.#waiting?.reject(error));
    this.#socket.on("close", () => this.#waiting?.reject(new Error("The server closed the connection.")));
  }

  /**
   * Sends a request and returns the body of the response. Throws if the status is not 200, or if the server has closed
   * the connection, which it does after a minute without requests.
   */
  send(bytes: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#socket.closed) return reject(new Error("The server has closed the connection."));
      this.#waiting = { resolve, reject };
      this.#socket.write(bytes);
    });
  }

  /** Runs an operation and returns its data. Throws if the response contains errors. */
  // biome-ignore lint/suspicious/noExplicitAny: the caller knows the shape of the data that it selects.
  async query<T = any>(query: string, variables: unknown): Promise<T> {
    const response = JSON.parse((await this.send(request(query, variables))).toString());
    if (response.errors !== undefined) throw new Error(JSON.stringify(response.errors));
    return response.data;
  }

  close(): void {
    this.#waiting = null;
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#received.push(chunk);
    this.#size += chunk.length;
    if (this.#expected === Number.POSITIVE_INFINITY) this.#readHeaders();
    if (this.#size < this.#expected) return;
    const response = this.#received.length === 1 ? chunk : Buffer.concat(this.#received);
    const body = response.subarray(response.indexOf(END_OF_HEADERS) + 4);
    this.#received = [];
    this.#size = 0;
    this.#expected = Number.POSITIVE_INFINITY;
    const waiting = this.#waiting;
    this.#waiting = null;
    if (response.subarray(9, 12).toString() === "200") waiting?.resolve(body);
    else waiting?.reject(new Error(response.toString()));
  }

  #readHeaders(): void {
    const partial = this.#received.length === 1 ? this.#received[0] : Buffer.concat(this.#received);
    const end = partial?.indexOf(END_OF_HEADERS) ?? -1;
    if (partial === undefined || end === -1) return;
    const length = /content-length: (\d+)/i.exec(partial.toString("latin1", 0, end))?.[1];
    if (length === undefined) throw new Error("The response has no Content-Length header.");
    this.#expected = end + 4 + Number(length);
  }
}
