import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { Cleanup } from "../service/server.js";
import type { Payload } from "./github-webhooks.js";

export const API_TOKEN = "ghp_of_the_tests";

/** A fault: an error response, or a connection that is closed before or after the request took effect. */
export type Fault =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly message?: string }
  | "cut"
  | "cut after the effect"
  | "never answer after the effect";

export interface RecordedDeployment {
  readonly id: number;
  readonly repository: string;
  readonly body: Payload;
  /** The reported states, oldest first. */
  readonly states: string[];
}

/** A fake of GitHub's REST API for deployments, on a real socket. Refuses what GitHub refuses. */
export class FakeGithub {
  readonly deployments: RecordedDeployment[] = [];
  /** For example `POST /repos/acme/shop/deployments`, in order of arrival. */
  readonly requests: string[] = [];
  /** The faults of the next requests, one per request. */
  readonly faults: Fault[] = [];
  readonly unknownCommits = new Set<string>();
  /** Called for each request after it took effect. */
  onRequest: (request: string) => void = () => {};
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  #id = 1_000_000_000;

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

  /** Every deployment as `<environment> <state> <state> …`. */
  get reportedStates(): string[] {
    return this.deployments.map(({ body, states }) => [body.environment, ...states].join(" "));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const line = `${request.method} ${request.url}`;
    this.requests.push(line);
    const fault = this.faults.shift();
    if (fault === "cut") {
      request.socket.destroy();
      return;
    }
    if (typeof fault === "object") {
      this.#answer(response, fault.status, { message: fault.message ?? "It cannot be." }, fault.headers);
      return;
    }
    const [status, answer] = this.#effect(request, body);
    this.onRequest(line);
    if (fault === "cut after the effect") request.socket.destroy();
    else if (fault === undefined) this.#answer(response, status, answer);
  }

  #effect(request: IncomingMessage, text: string): [number, unknown] {
    if (request.headers.authorization !== `Bearer ${API_TOKEN}`) return [401, { message: "Bad credentials" }];
    // GitHub answers 403 to a request without a User-Agent.
    if (!request.headers["user-agent"]) return [403, { message: "Request forbidden by administrative rules." }];
    const url = new URL(request.url ?? "/", this.url);
    const [, repository, id] = /^\/repos\/([^/]+\/[^/]+)\/deployments(?:\/(\d+)\/statuses)?$/.exec(url.pathname) ?? [];
    if (repository === undefined) return [404, { message: "Not Found" }];
    if (request.method === "GET") return [200, this.#list(repository, url.searchParams)];
    const body = JSON.parse(text);
    if (id !== undefined) return this.#addStatus(Number(id), body);
    if (this.unknownCommits.has(body.ref)) return [422, { message: `No ref found for: ${body.ref}` }];
    if (typeof body.environment !== "string" || body.required_contexts?.length !== 0 || body.auto_merge !== false) {
      return [409, { message: "Conflict: Commit status checks failed for the ref." }];
    }
    this.#id += 1;
    const made = { id: this.#id, repository, body, states: [] };
    this.deployments.push(made);
    return [201, { id: made.id, sha: body.ref, environment: body.environment, payload: body.payload }];
  }

  #addStatus(id: number, body: Payload): [number, unknown] {
    const deployment = this.deployments.find((one) => one.id === id);
    if (deployment === undefined) return [404, { message: "Not Found" }];
    const known = ["error", "failure", "inactive", "in_progress", "queued", "pending", "success"];
    if (!known.includes(body.state) || body.description.length > 140) return [422, { message: "Validation Failed" }];
    deployment.states.push(body.state);
    return [201, { id: id * 10, state: body.state }];
  }

  #list(repository: string, query: URLSearchParams): unknown[] {
    return this.deployments
      .filter((one) => one.repository === repository && one.body.environment === query.get("environment"))
      .filter((one) => one.body.ref === query.get("sha"))
      .map(({ id, body }) => ({ id, payload: body.payload }))
      .reverse();
  }

  #answer(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
    response.writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers });
    response.end(JSON.stringify(body));
  }
}
