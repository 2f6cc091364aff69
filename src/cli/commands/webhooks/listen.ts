import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Command } from "commander";
import { define, integerOption, option } from "../../command.js";
import { EXIT, Failure } from "../../exit.js";
import { singleLine } from "../../output/format.js";
import type { Screen } from "../../output/screen.js";
import { onInterrupt } from "../../terminal/interrupt.js";

/** Larger bodies are refused. Those of webhooks are a few kilobytes. */
const MAX_BODY_BYTES = 1024 * 1024;
/** How old a signature may be, in seconds. */
const MAX_AGE_SECONDS = 300;

interface ListenOptions {
  readonly port: number;
  readonly host: string;
  readonly secret?: string;
  readonly answer: number;
}

export function addWebhookListen(program: Command): void {
  define<ListenOptions>(
    program,
    {
      usage: "webhooks:listen",
      about: "Receive webhooks on this machine and print them, for trying out",
      examples: ["webhooks:listen", "webhooks:listen --port 9000 --secret whsec_…", "webhooks:listen --answer 500"],
      notes: [
        "The service must reach this machine: start it with WEBHOOK_ALLOW_HTTP=true WEBHOOK_NETWORKS=127.0.0.0/8, and\n" +
          "create a webhook with the address that this command prints. With --json, prints the bodies.",
      ],
      options: [
        integerOption("--port <port>", "the port to listen on", 0).default(9000),
        option("--host <address>", "the address to listen on").default("127.0.0.1"),
        option("--secret <secret>", "verify signatures with this secret, and refuse others with 401"),
        integerOption("--answer <status>", "the status to answer with", 200).default(204),
      ],
    },
    async ({ screen, options }) => {
      const interrupt = onInterrupt();
      const server = await listen(screen, options);
      const { port } = server.address() as AddressInfo;
      screen.note(`Listening on http://${options.host}:${port}/. Press Ctrl-C to stop.`);
      await new Promise<void>((resolve) => {
        interrupt.signal.addEventListener("abort", () => resolve(), { once: true });
      });
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      return EXIT.done;
    },
  );
}

function listen(screen: Screen, options: ListenOptions): Promise<Server> {
  const server = createServer(async (request, response) => {
    const body = await readBody(request);
    const isTrusted = body !== null && (options.secret === undefined || verify(options.secret, request.headers, body));
    const status = body === null ? 413 : isTrusted ? options.answer : 401;
    response.writeHead(status).end();
    if (body !== null) print(screen, request.headers, body, status);
  });
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(new Failure(EXIT.refused, [`Cannot listen: ${error.message}.`])));
    server.listen(options.port, options.host, () => resolve(server));
  });
}

async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request) {
      size += (chunk as Buffer).length;
      if (size > MAX_BODY_BYTES) return null;
      chunks.push(chunk as Buffer);
    }
  } catch {
    return null;
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Verifies a signature of Standard Webhooks. */
function verify(secret: string, headers: IncomingHttpHeaders, body: string): boolean {
  const { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures } = headers;
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > MAX_AGE_SECONDS) return false;
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice(6), "base64") : Buffer.from(secret);
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  const expected = Buffer.from(`v1,${signature}`);
  return String(signatures ?? "")
    .split(" ")
    .some((text) => text.length === expected.length && timingSafeEqual(Buffer.from(text), expected));
}

function print(screen: Screen, headers: IncomingHttpHeaders, body: string, status: number): void {
  if (screen.reader === "json") {
    screen.line(body);
    return;
  }
  const { type, summary } = describe(body);
  const fields = [new Date().toISOString(), String(status), String(headers["webhook-id"] ?? ""), type, summary];
  screen.line(fields.map(singleLine).join(screen.reader === "terminal" ? "  " : "\t"));
}

/** The type and summary of a body, in any format. */
function describe(body: string): { type: string; summary: string } {
  try {
    const parsed = JSON.parse(body);
    const data = parsed.data ?? parsed.customData ?? parsed.subject?.content;
    return {
      type: String(parsed.type ?? parsed.context?.type ?? "message"),
      summary: String(data?.summary ?? parsed.text ?? ""),
    };
  } catch {
    return { type: "not JSON", summary: body.slice(0, 200) };
  }
}
