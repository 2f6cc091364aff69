import { randomBytes } from "node:crypto";
import type { Client } from "./client.js";

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

/** A name that no other test has. */
export function unique(prefix = "x"): string {
  return `${prefix}-${randomBytes(6).toString("hex")}`;
}

/** Makes what tests begin with, through the public API, with names of their own. */
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

  /** An app in a stage of a pipeline. `input` may hold `requiredChecks`, `autoDeploy` and, for the app, `deploymentMode`. */
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

  /** A release of a build (of a new one, if none is given) straight onto an app. */
  async release(app: Named, build?: { readonly id: string }): Promise<SeededRelease> {
    const { id } = build ?? (await this.build());
    return (await this.client.mutate("createRelease", { app: app.id, build: id }, "release { id version phase }"))
      .release;
  }
}
