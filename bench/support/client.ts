import { connect, type Socket } from "node:net";
import { ADMIN_SECRET } from "./processes.js";

/** The bytes of a request for an operation. */
export function request(query: string, variables: unknown): Buffer {
  const body = JSON.stringify({ query, variables });
  return Buffer.from(
    `POST /graphql HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer ${ADMIN_SECRET}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

const END_OF_HEADERS = Buffer.from("\r\n\r\n");

/**
 * One connection that is kept, and sends one request after the other. It is no more than a socket: on a machine where it
 * shares the processors with what it measures, a client that thinks would be part of the figure.
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
   * The body of the answer. Throws where its status is not 200, and where the server has closed the connection: it does
   * that when it has not heard anything for a minute.
   */
  send(bytes: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#socket.closed) return reject(new Error("The server has closed the connection."));
      this.#waiting = { resolve, reject };
      this.#socket.write(bytes);
    });
  }

  /** The data of the answer to an operation. Throws where it holds errors. */
  // biome-ignore lint/suspicious/noExplicitAny: whoever asks knows the shape of what was asked for.
  async query<T = any>(query: string, variables: unknown): Promise<T> {
    const answer = JSON.parse((await this.send(request(query, variables))).toString());
    if (answer.errors !== undefined) throw new Error(JSON.stringify(answer.errors));
    return answer.data;
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
    const answer = this.#received.length === 1 ? chunk : Buffer.concat(this.#received);
    const body = answer.subarray(answer.indexOf(END_OF_HEADERS) + 4);
    this.#received = [];
    this.#size = 0;
    this.#expected = Number.POSITIVE_INFINITY;
    const waiting = this.#waiting;
    this.#waiting = null;
    if (answer.subarray(9, 12).toString() === "200") waiting?.resolve(body);
    else waiting?.reject(new Error(answer.toString()));
  }

  #readHeaders(): void {
    const sofar = this.#received.length === 1 ? this.#received[0] : Buffer.concat(this.#received);
    const end = sofar?.indexOf(END_OF_HEADERS) ?? -1;
    if (sofar === undefined || end === -1) return;
    const length = /content-length: (\d+)/i.exec(sofar.toString("latin1", 0, end))?.[1];
    if (length === undefined) throw new Error("The answer does not say how long it is.");
    this.#expected = end + 4 + Number(length);
  }
}
