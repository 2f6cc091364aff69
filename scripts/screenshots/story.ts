import { createHash } from "node:crypto";
import type { Client } from "../../test/support/clients/client.js";

interface Id {
  readonly id: string;
}

interface AppInput {
  readonly checks?: readonly string[];
  readonly region?: string;
  readonly deploymentMode?: string;
}

const MESSAGES = [
  "Round prices in the cart to whole cents",
  "Retry payments that the bank deferred",
  "Show delivery dates in the customer's time zone",
  "Load product images lazily",
  "Drop the old checkout form",
  "Cache exchange rates for an hour",
  "Search by article number",
  "Send receipts as PDF",
] as const;

export const AUTHORS = ["Ada Okafor", "Lin Wei", "Jonas Berg", "Priya Nair"] as const;

/** Creates the data behind the screenshots through the public API. */
export class Story {
  readonly client: Client;

  constructor(client: Client) {
    this.client = client;
  }

  /** Creates a token of a person. Returns its secret. */
  async person(person: string, role: string, groups: readonly string[] = []): Promise<string> {
    return (await this.client.mutate("createToken", { name: person, person, role, groups }, "secret")).secret;
  }

  async pipeline(name: string, input: object = {}): Promise<string> {
    const given = { name, repository: `github.com/acme/${name}`, ...input };
    return (await this.client.mutate("createPipeline", given, "pipeline { id }")).pipeline.id;
  }

  /** Creates an app in a stage. Returns the id of its coupling. */
  async app(pipeline: string, name: string, stage: string, { checks = [], ...app }: AppInput = {}): Promise<string> {
    await this.client.mutate("createApp", { name, ...app }, "app { id }");
    const coupling = { pipeline, app: name, stage, requiredChecks: checks };
    const added = await this.client.mutate(
      "addCoupling",
      { ...coupling, ...(stage === "DEVELOPMENT" && { autoDeploy: false }) },
      "coupling { id }",
    );
    return added.coupling.id;
  }

  /** The n-th build of a repository, counted from zero. */
  async build(repository: string, n: number): Promise<string> {
    const sha = createHash("sha1").update(`${repository} ${n}`).digest("hex");
    const commit = { sha, message: MESSAGES[n % MESSAGES.length], author: AUTHORS[n % AUTHORS.length] };
    const input = {
      repository: `github.com/acme/${repository}`,
      branch: "main",
      commit,
      artifact: `registry.test/${repository}:${n}`,
    };
    return (await this.client.mutate<{ build: Id }>("createBuild", input, "build { id }")).build.id;
  }

  async release(app: string, build: string): Promise<string> {
    const input = { app, build };
    return (await this.client.mutate<{ release: Id }>("createRelease", input, "release { id }")).release.id;
  }

  async status(build: string, context: string, state: string, description = ""): Promise<void> {
    await this.client.mutate("reportStatus", { build, context, state, description }, "status { id }");
  }

  async report(release: string, phase: string, failureReason?: string): Promise<void> {
    await this.client.mutate(
      "reportDeployment",
      { release, phase, ...(failureReason && { failureReason }) },
      "release { id }",
    );
  }

  async rollback(app: string): Promise<void> {
    await this.client.mutate("rollback", { app, reason: "Errors in the checkout" }, "release { id }");
  }
}
