import * as select from "./selections.js";

/** Thrown where an answer holds errors: what was asked for was refused, and nothing was written. */
export class Refused extends Error {
  override readonly name = "Refused";

  constructor(readonly errors: readonly select.AnsweredError[]) {
    super(errors.map(({ message, extensions }) => `${extensions.code}: ${message}`).join("\n"));
  }
}

type Listener = (call: string) => void;

/** The public API over HTTP, a verb for each thing that the story does with it. */
export class Railyard {
  constructor(
    readonly url: string,
    private readonly secret: string,
    /** Told of everything as it is asked for, in the words of the API. */
    private readonly listener: Listener = () => undefined,
  ) {}

  withSecret(secret: string, listener: Listener): Railyard {
    return new Railyard(this.url, secret, listener);
  }

  /** The same, without anybody being told. */
  silently(): Railyard {
    return new Railyard(this.url, this.secret);
  }

  async createToken(name: string, role: string, groups: readonly string[] = []): Promise<string> {
    const input = { name, role, ...(groups.length > 0 && { person: name, groups }) };
    return (await this.mutate<{ secret: string }>("createToken", input, "secret")).secret;
  }

  async createPipeline(name: string, more: select.PipelineOptions = {}): Promise<select.Pipeline> {
    const selection = `pipeline { ${select.PIPELINE} }`;
    return (await this.mutate<{ pipeline: select.Pipeline }>("createPipeline", { name, ...more }, selection)).pipeline;
  }

  /** Makes an app, and places it in a stage. */
  async add(pipeline: string, app: string, stage: string, more: select.AppOptions = {}): Promise<select.Coupling> {
    const { region, requiredChecks } = more;
    await this.mutate("createApp", { name: app, ...(region && { region }) }, "app { id }");
    const input = { pipeline, app, stage, ...(requiredChecks && { requiredChecks }) };
    const selection = `coupling { ${select.COUPLING} }`;
    return (await this.mutate<{ coupling: select.Coupling }>("addCoupling", input, selection)).coupling;
  }

  async createBuild(input: select.BuildInput): Promise<select.Build> {
    return (await this.mutate<{ build: select.Build }>("createBuild", input, `build { ${select.BUILD} }`)).build;
  }

  async release(app: string, build: select.Build): Promise<select.Release> {
    const input = { app, build: build.id };
    const selection = `release { ${select.RELEASE} }`;
    return (await this.mutate<{ release: select.Release }>("createRelease", input, selection)).release;
  }

  async promote(input: select.PromoteInput): Promise<select.Promotion> {
    const selection = `promotion { ${select.PROMOTION} }`;
    return (await this.mutate<{ promotion: select.Promotion }>("promote", input, selection)).promotion;
  }

  /** Promotes as soon as nothing blocks it any more. */
  async promoteWhenReady(app: string): Promise<select.WaitingPromotion> {
    const selection = `promotion { ${select.WAITING} }`;
    const input = { app, whenReady: true };
    return (await this.mutate<{ promotion: select.WaitingPromotion }>("promote", input, selection)).promotion;
  }

  async promotion(id: string): Promise<select.Promotion> {
    const query = `query ($id: ID!) { promotion(id: $id) { ${select.PROMOTION} } }`;
    return (await this.query<{ promotion: select.Promotion }>("promotion", query, { id })).promotion;
  }

  /** Requires the approval of one member of a group. */
  async requireApprovals(pipeline: string, stage: string, name: string, group: string): Promise<select.ApprovalRule> {
    const input = { pipeline, stage, name, required: 1, approvers: [{ group }] };
    const selection = `rule { ${select.RULE} }`;
    return (await this.mutate<{ rule: select.ApprovalRule }>("createApprovalRule", input, selection)).rule;
  }

  async approve(promotion: string): Promise<select.WaitingPromotion> {
    const selection = `promotion { ${select.WAITING} }`;
    const made = await this.mutate<{ promotion: select.WaitingPromotion }>(
      "approvePromotion",
      { promotion },
      selection,
    );
    return made.promotion;
  }

  /** Stops deployments to a pipeline. Returns the id of the freeze. */
  async startFreeze(pipeline: string, reason: string): Promise<string> {
    const input = { scope: { pipelines: [pipeline] }, reason };
    return (await this.mutate<{ freeze: { id: string } }>("startFreeze", input, "freeze { id }")).freeze.id;
  }

  async liftFreeze(freeze: string, reason: string): Promise<void> {
    await this.mutate("liftFreeze", { freeze, reason }, "freeze { id }");
  }

  async report(release: select.Release, context: string, state: string): Promise<select.Status> {
    const input = { release: release.id, context, state };
    const selection = `status { ${select.STATUS} }`;
    return (await this.mutate<{ status: select.Status }>("reportStatus", input, selection)).status;
  }

  async updateChecks(coupling: select.Coupling, requiredChecks: readonly string[]): Promise<select.Coupling> {
    const input = { coupling: coupling.id, requiredChecks };
    const selection = `coupling { ${select.COUPLING} }`;
    return (await this.mutate<{ coupling: select.Coupling }>("updateChecks", input, selection)).coupling;
  }

  async openReviewApp(pipeline: string, pullRequest: select.PullRequest): Promise<select.ReviewApp> {
    const input = { pipeline, pullRequest };
    const selection = `reviewApp { ${select.REVIEW_APP} }`;
    return (await this.mutate<{ reviewApp: select.ReviewApp }>("openReviewApp", input, selection)).reviewApp;
  }

  async closeReviewApp(pipeline: string, pullRequestNumber: number): Promise<void> {
    await this.mutate("closeReviewApp", { pipeline, pullRequestNumber }, "closedAppId");
  }

  async app(name: string): Promise<select.App> {
    const app = await this.find(name);
    if (app === null) throw new Error(`There is no app ${name}.`);
    return app;
  }

  async find(name: string): Promise<select.App | null> {
    const query = `query ($app: ID!) { app(app: $app) { ${select.APP} } }`;
    return (await this.query<{ app: select.App | null }>("app", query, { app: name })).app;
  }

  async pipeline(name: string): Promise<select.Pipeline> {
    const query = `query ($pipeline: ID!) { pipeline(pipeline: $pipeline) { ${select.PIPELINE} } }`;
    return (await this.query<{ pipeline: select.Pipeline }>("pipeline", query, { pipeline: name })).pipeline;
  }

  /** What `promote` would do, worked out without writing anything. */
  async plan(input: select.PromoteInput): Promise<select.Plan> {
    const query = `query ($input: PromoteInput!) { promotionPlan(input: $input) { ${select.PLAN} } }`;
    return (await this.query<{ promotionPlan: select.Plan }>("promotionPlan", query, { input }, input)).promotionPlan;
  }

  private async mutate<T>(name: string, input: object, selection: string): Promise<T> {
    this.listener(`${name}(${inWords(input)})`);
    const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
    const document = `mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} } }`;
    return (await this.ask<Record<string, T>>(document, { input }))[name] as T;
  }

  private query<T>(name: string, document: string, variables: object, shown = variables): Promise<T> {
    this.listener(`${name}(${inWords(shown)})`);
    return this.ask(document, variables);
  }

  private async ask<T>(query: string, variables: object): Promise<T> {
    const response = await fetch(new URL("/graphql", this.url), {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${this.secret}` },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = (await response.json()) as { data?: T; errors?: select.AnsweredError[] };
    if (errors !== undefined || data === undefined) throw new Refused(errors ?? []);
    return data;
  }
}

/** Longer than this, an input is written on several lines. */
const LINE = 100;

/** An input as a person would write it: `app: "myapp-dev", stage: STAGING`. */
function inWords(input: object, margin = "  "): string {
  const fields = Object.entries(input).map(([field, value]) => `${field}: ${valueInWords(value, `${margin}  `)}`);
  const line = fields.join(", ");
  if (line.length <= LINE) return line;
  return `${fields.map((field) => `\n${margin}${field}`).join(",")}\n${margin.slice(2)}`;
}

function valueInWords(value: unknown, margin: string): string {
  if (Array.isArray(value)) return `[${value.map((one) => valueInWords(one, margin)).join(", ")}]`;
  if (value !== null && typeof value === "object") {
    const fields = inWords(value, margin);
    return fields.startsWith("\n") ? `{${fields}}` : `{ ${fields} }`;
  }
  return typeof value === "string" && /^[A-Z]+$/.test(value) ? value : JSON.stringify(value);
}
