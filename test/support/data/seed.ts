import { randomBytes } from "node:crypto";
import type { Client } from "../clients/client.js";

export interface Named {
  readonly id: string;
  readonly name: string;
}

export interface SeededBuild {
  readonly id: string;
  readonly repository: string;
  readonly commit: { readonly sha: string };
}

export interface SeededRelease {
  readonly id: string;
  readonly version: number;
  readonly phase: string;
}

/** Returns a name that no other test uses. */
export function unique(prefix = "x"): string {
  return `${prefix}-${randomBytes(6).toString("hex")}`;
}

/** Creates test data through the public API, with unique names. */
export class Seed {
  constructor(readonly client: Client) {}

  async pipeline(input: object = {}): Promise<Named> {
    const given = { name: unique("pipeline"), ...input };
    return (await this.client.mutate("createPipeline", given, "pipeline { id name }")).pipeline;
  }

  async app(input: object = {}): Promise<Named> {
    const given = { name: unique("app"), ...input };
    return (await this.client.mutate("createApp", given, "app { id name }")).app;
  }

  /** Creates an app and couples it to a stage. `input` may hold `requiredChecks`, `autoDeploy` and, for the app, `deploymentMode`. */
  async coupled(
    pipeline: Named,
    stage: string,
    { deploymentMode, ...coupling }: { deploymentMode?: string; requiredChecks?: string[]; autoDeploy?: boolean } = {},
  ): Promise<Named & { couplingId: string }> {
    const app = await this.app({ ...(deploymentMode !== undefined && { deploymentMode }) });
    const added = await this.client.mutate(
      "addCoupling",
      { pipeline: pipeline.id, app: app.id, stage, ...coupling },
      "coupling { id }",
    );
    return { ...app, couplingId: added.coupling.id };
  }

  async build(input: object = {}): Promise<SeededBuild> {
    const given = {
      repository: `github.com/tests/${unique("repo")}`,
      commit: { sha: randomBytes(20).toString("hex"), message: "A change" },
      artifact: `registry.test/image:${unique()}`,
      ...input,
    };
    return (await this.client.mutate("createBuild", given, "build { id repository commit { sha } }")).build;
  }

  /** Releases a build to an app. Creates a build if none is given. */
  async release(app: Named, build?: { readonly id: string }, input: object = {}): Promise<SeededRelease> {
    const { id } = build ?? (await this.build());
    const given = { app: app.id, build: id, ...input };
    return (await this.client.mutate("createRelease", given, "release { id version phase }")).release;
  }

  /** Releases a build to an app past its gates. */
  forcedRelease(app: Named, build?: { readonly id: string }): Promise<SeededRelease> {
    return this.release(app, build, { force: true, reason: "For a test" });
  }
}

/** Returns the ids of the builds of an app's latest 100 releases, oldest first. */
export async function buildsOn(client: Client, { id }: Pick<Named, "id">): Promise<string[]> {
  const query = "query ($app: ID!) { app(app: $app) { releases(first: 100) { nodes { build { id } } } } }";
  const { app } = await client.ask(query, { app: id });
  return app.releases.nodes.map((release: { build: { id: string } }) => release.build.id).reverse();
}
