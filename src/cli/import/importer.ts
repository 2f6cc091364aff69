import type { Api } from "../api/client.js";
import type { Coupling, Stage } from "../api/model.js";
import { ADD_COUPLING, CREATE_APP, CREATE_PIPELINE, UPDATE_CHECKS } from "../api/mutations.js";
import { APP_BY_NAME, COUPLING_OF, PIPELINE_BOARD } from "../api/queries.js";
import { Failure } from "../exit.js";
import type { ForeignCoupling, ForeignPipeline } from "./platform-api.js";

/** One thing to do, done or refused, or found as it should be and left alone. */
export interface ImportStep {
  readonly action: "create pipeline" | "create app" | "add app" | "add checks" | "leave";
  readonly pipeline: string;
  readonly app: string | null;
  readonly stage: Stage | null;
  readonly requiredChecks: readonly string[];
  /** What became of it: planned until `--apply`, or why it was left alone. */
  readonly outcome: "planned" | "done" | "there already" | "left alone" | "refused";
  readonly reason: string | null;
}

/**
 * Copies pipelines into a Railyard, a step at a time. Each step looks first: what is there already is left as it is, so
 * that a copy can be repeated, also where the last one broke off.
 */
export class Importer {
  readonly #api: Api;
  readonly #apply: boolean;

  constructor(api: Api, apply: boolean) {
    this.#api = api;
    this.#apply = apply;
  }

  /** Takes the steps one by one, and hands each over when it is taken. What depends on a refused one is not tried. */
  async *steps(pipelines: readonly ForeignPipeline[]): AsyncGenerator<ImportStep> {
    for (const { name, couplings } of pipelines) {
      const pipeline = await this.#pipeline(name);
      yield pipeline;
      if (pipeline.outcome === "refused") continue;
      for (const coupling of couplings) {
        const app = await this.#app(name, coupling);
        yield app;
        if (app.outcome !== "refused") yield await this.#coupling(name, coupling);
      }
    }
  }

  async #pipeline(name: string): Promise<ImportStep> {
    const subject = { pipeline: name, app: null, stage: null, requiredChecks: [] };
    const { pipeline } = await this.#api.run(PIPELINE_BOARD, { pipeline: name });
    if (pipeline !== null) return alreadyExists(subject);
    return this.#do({ ...subject, action: "create pipeline" }, () =>
      this.#api.run(CREATE_PIPELINE, { input: { name } }),
    );
  }

  async #app(pipeline: string, { app: name }: ForeignCoupling): Promise<ImportStep> {
    const subject = { pipeline, app: name, stage: null, requiredChecks: [] };
    const { app } = await this.#api.run(APP_BY_NAME, { app: name });
    if (app !== null) return alreadyExists(subject);
    return this.#do({ ...subject, action: "create app" }, () => this.#api.run(CREATE_APP, { input: { name } }));
  }

  async #coupling(pipeline: string, wanted: ForeignCoupling): Promise<ImportStep> {
    const { app, stage, requiredChecks } = wanted;
    const subject = { pipeline, app, stage, requiredChecks };
    const { coupling } = await this.#api.run(COUPLING_OF, { app });
    if (coupling === null) {
      const input = { pipeline, app, stage, requiredChecks };
      return this.#do({ ...subject, action: "add app" }, () => this.#api.run(ADD_COUPLING, { input }));
    }
    const elsewhere = coupling.pipeline.name !== pipeline || coupling.stage !== stage;
    if (elsewhere) {
      const where = `it is in ${coupling.stage.toLowerCase()} of ${coupling.pipeline.name} here`;
      return { ...subject, action: "leave", outcome: "left alone", reason: where };
    }
    const missing = requiredChecks.filter((context) => !coupling.requiredChecks.includes(context));
    if (missing.length === 0) return alreadyExists(subject);
    return this.#do({ ...subject, requiredChecks: missing, action: "add checks" }, () =>
      this.#addChecks(coupling, missing),
    );
  }

  /** Only ever adds: what is required here and not there stays required. */
  #addChecks({ id, requiredChecks }: Coupling, missing: readonly string[]): Promise<unknown> {
    return this.#api.run(UPDATE_CHECKS, { input: { coupling: id, requiredChecks: [...requiredChecks, ...missing] } });
  }

  async #do(step: Omit<ImportStep, "outcome" | "reason">, act: () => Promise<unknown>): Promise<ImportStep> {
    if (!this.#apply) return { ...step, outcome: "planned", reason: null };
    try {
      await act();
      return { ...step, outcome: "done", reason: null };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return { ...step, outcome: "refused", reason: error.message };
    }
  }
}

function alreadyExists(subject: Pick<ImportStep, "pipeline" | "app" | "stage" | "requiredChecks">): ImportStep {
  return { ...subject, action: "leave", outcome: "there already", reason: null };
}
