import type { Api } from "../api/client.js";
import {
  AddCouplingDocument,
  AppDocument,
  CouplingDocument,
  type CouplingFragment,
  CreateAppDocument,
  CreatePipelineDocument,
  PipelineDocument,
  type Stage,
  UpdateChecksDocument,
} from "../api/generated.js";
import { Failure } from "../exit.js";
import type { SourceCoupling, SourcePipeline } from "./platform-api.js";

/** One step of an import and its outcome. */
export interface ImportStep {
  readonly action: "create pipeline" | "create app" | "add app" | "add checks" | "leave";
  readonly pipeline: string;
  readonly app: string | null;
  readonly stage: Stage | null;
  readonly requiredChecks: readonly string[];
  /** `planned` without `--apply`. */
  readonly outcome: "planned" | "done" | "already exists" | "skipped" | "refused";
  readonly reason: string | null;
}

/**
 * Copies pipelines into Railyard step by step. A step does not change objects that exist, so an import can be repeated,
 * also after an interrupted one.
 */
export class Importer {
  readonly #api: Api;
  readonly #apply: boolean;

  constructor(api: Api, apply: boolean) {
    this.#api = api;
    this.#apply = apply;
  }

  /** Runs the steps in order and yields each result. Skips the steps that depend on a refused step. */
  async *steps(pipelines: readonly SourcePipeline[]): AsyncGenerator<ImportStep> {
    for (const { couplings, ...source } of pipelines) {
      const { name } = source;
      const pipeline = await this.#pipeline(source);
      yield pipeline;
      if (pipeline.outcome === "refused") continue;
      for (const coupling of couplings) {
        const app = await this.#app(name, coupling);
        yield app;
        if (app.outcome !== "refused") yield await this.#coupling(name, coupling);
      }
    }
  }

  async #pipeline({ name, repository, branch }: Omit<SourcePipeline, "couplings">): Promise<ImportStep> {
    const subject = { pipeline: name, app: null, stage: null, requiredChecks: [] };
    const { pipeline } = await this.#api.run(PipelineDocument, { pipeline: name });
    if (pipeline !== null) return alreadyExists(subject);
    return this.#do({ ...subject, action: "create pipeline" }, () =>
      this.#api.run(CreatePipelineDocument, { input: { name, repository, branch } }),
    );
  }

  async #app(pipeline: string, { app: name, region }: SourceCoupling): Promise<ImportStep> {
    const subject = { pipeline, app: name, stage: null, requiredChecks: [] };
    const { app } = await this.#api.run(AppDocument, { app: name });
    if (app !== null) return alreadyExists(subject);
    return this.#do({ ...subject, action: "create app" }, () =>
      this.#api.run(CreateAppDocument, { input: { name, region } }),
    );
  }

  async #coupling(pipeline: string, wanted: SourceCoupling): Promise<ImportStep> {
    const { app, stage, requiredChecks } = wanted;
    const subject = { pipeline, app, stage, requiredChecks };
    const { coupling } = await this.#api.run(CouplingDocument, { app });
    if (coupling === null) {
      const input = { pipeline, app, stage, requiredChecks };
      return this.#do({ ...subject, action: "add app" }, () => this.#api.run(AddCouplingDocument, { input }));
    }
    const differs = coupling.pipeline.name !== pipeline || coupling.stage !== stage;
    if (differs) {
      const reason = `the app is already in ${coupling.stage.toLowerCase()} of ${coupling.pipeline.name}`;
      return { ...subject, action: "leave", outcome: "skipped", reason };
    }
    const missing = requiredChecks.filter((context) => !coupling.requiredChecks.includes(context));
    if (missing.length === 0) return alreadyExists(subject);
    return this.#do({ ...subject, requiredChecks: missing, action: "add checks" }, () =>
      this.#addChecks(coupling, missing),
    );
  }

  /** Adds checks and never removes any. */
  #addChecks({ id, requiredChecks }: CouplingFragment, missing: readonly string[]): Promise<unknown> {
    return this.#api.run(UpdateChecksDocument, {
      input: { coupling: id, requiredChecks: [...requiredChecks, ...missing] },
    });
  }

  async #do(step: Omit<ImportStep, "outcome" | "reason">, run: () => Promise<unknown>): Promise<ImportStep> {
    if (!this.#apply) return { ...step, outcome: "planned", reason: null };
    try {
      await run();
      return { ...step, outcome: "done", reason: null };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return { ...step, outcome: "refused", reason: error.message };
    }
  }
}

function alreadyExists(subject: Pick<ImportStep, "pipeline" | "app" | "stage" | "requiredChecks">): ImportStep {
  return { ...subject, action: "leave", outcome: "already exists", reason: null };
}
