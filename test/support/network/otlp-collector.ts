import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { Cleanup } from "../service/server.js";

/** A received span. Fields that no test needs are left out. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for a root span. */
  readonly parentSpanId: string;
  readonly name: string;
  /** 1 internal, 2 server, 3 client. */
  readonly kind: number;
  /** Nanoseconds since the Unix epoch. */
  readonly start: bigint;
  readonly end: bigint;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  /** 2 for an error. */
  readonly status: number;
}

/** A collector that receives spans by OTLP over HTTP with protobuf. */
export class OtlpCollector {
  readonly spans: ReceivedSpan[] = [];
  readonly resources: Readonly<Record<string, string | number | boolean>>[] = [];
  /** All requests, with headers and bodies. */
  readonly requests: { readonly path: string; readonly headers: IncomingMessage["headers"]; readonly body: Buffer }[] =
    [];
  readonly #server = createServer(async (request, response) => {
    const body = await buffer(request);
    this.requests.push({ path: request.url ?? "", headers: request.headers, body });
    for (const part of messages(body, 1)) {
      for (const resource of messages(part, 1)) this.resources.push(getAttributes(resource, 1));
      for (const scope of messages(part, 2)) this.spans.push(...messages(scope, 2).map(getSpan));
    }
    response.writeHead(200, { "content-type": "application/x-protobuf" }).end();
  });

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async listen(t: Cleanup): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    t.after(() => {
      this.#server.closeAllConnections();
      return new Promise((resolve) => this.#server.close(resolve));
    });
    return this;
  }

  /** Returns the only span with this name that fits. Throws if there are none or several. */
  one(name: string, holds: (span: ReceivedSpan) => boolean = () => true): ReceivedSpan {
    const found = this.spans.filter((span) => span.name === name && holds(span));
    const [span] = found;
    if (found.length !== 1 || span === undefined) {
      throw new Error(`There are ${found.length} of ${name} among: ${this.spans.map((one) => one.name).join(", ")}`);
    }
    return span;
  }

  findChildren({ spanId, traceId }: ReceivedSpan): ReceivedSpan[] {
    return this.spans.filter((span) => span.parentSpanId === spanId && span.traceId === traceId);
  }
}

function getSpan(message: Buffer): ReceivedSpan {
  const text = (field: number, encoding: "hex" | "utf8") => (messages(message, field)[0] ?? "").toString(encoding);
  const [status] = messages(message, 15);
  return {
    traceId: text(1, "hex"),
    spanId: text(2, "hex"),
    parentSpanId: text(4, "hex"),
    name: text(5, "utf8"),
    kind: Number(numbers(message, 6)[0] ?? 0),
    start: numbers(message, 7)[0] ?? 0n,
    end: numbers(message, 8)[0] ?? 0n,
    attributes: getAttributes(message, 9),
    status: status === undefined ? 0 : Number(numbers(status, 3)[0] ?? 0),
  };
}

function getAttributes(message: Buffer, field: number): Record<string, string | number | boolean> {
  const pairs = messages(message, field).map((pair): [string, string | number | boolean] => {
    const [key = Buffer.alloc(0)] = messages(pair, 1);
    const [value = Buffer.alloc(0)] = messages(pair, 2);
    const [text] = messages(value, 1);
    const [truth] = numbers(value, 2);
    if (text !== undefined) return [key.toString(), text.toString()];
    return [key.toString(), truth === undefined ? Number(numbers(value, 3)[0]) : truth === 1n];
  });
  return Object.fromEntries(pairs);
}

/** The embedded messages, strings or bytes of a field. See https://protobuf.dev/programming-guides/encoding/ */
function messages(message: Buffer, field: number): Buffer[] {
  return getFields(message).flatMap(([number, value]) => (number === field && Buffer.isBuffer(value) ? [value] : []));
}

function numbers(message: Buffer, field: number): bigint[] {
  return getFields(message).flatMap(([number, value]) =>
    number === field && typeof value === "bigint" ? [value] : [],
  );
}

function getFields(message: Buffer): [number, bigint | Buffer][] {
  const fields: [number, bigint | Buffer][] = [];
  let place = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message.readUInt8(place++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const taken = (length: number) => {
    place += length;
    return message.subarray(place - length, place);
  };
  while (place < message.length) {
    const tag = Number(varint());
    const kind = tag & 7;
    if (kind === 0) fields.push([tag >> 3, varint()]);
    else if (kind === 1) fields.push([tag >> 3, taken(8).readBigUInt64LE()]);
    else if (kind === 2) fields.push([tag >> 3, taken(Number(varint()))]);
    else if (kind === 5) fields.push([tag >> 3, BigInt(taken(4).readUInt32LE())]);
    else throw new Error(`Protobuf has no wire type ${kind}.`);
  }
  return fields;
}
