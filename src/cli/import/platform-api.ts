import type { Stage } from "../api/generated.js";
import { EXIT, Failure, wrongUsage } from "../exit.js";

/* Reads pipelines from the Platform API of Akkeris, Heroku or another Railyard. */

/** Maximum time to wait for a response, in milliseconds. */
const RESPONSE_TIMEOUT_MS = 60_000;

export interface SourceCoupling {
  readonly app: string;
  readonly region: string | null;
  readonly stage: Stage;
  readonly requiredChecks: readonly string[];
}

export interface SourcePipeline {
  readonly name: string;
  /** Null if the source does not report one, or different ones for the apps. */
  readonly repository: string | null;
  readonly branch: string | null;
  readonly couplings: readonly SourceCoupling[];
}

interface PipelineObject {
  readonly id: string;
  readonly name: string;
  readonly repository?: string | null;
  readonly branch?: string | null;
}

/** Akkeris names the repository and branch of an app. Heroku has its own repositories, which are not the codebase. */
interface AppObject {
  readonly name: string;
  readonly region?: { readonly name?: string } | null;
  readonly git_url?: string | null;
  readonly git_branch?: string | null;
}

interface CouplingObject {
  readonly app?: { readonly id?: string; readonly name?: string };
  readonly stage?: string;
  readonly required_status_checks?: { readonly contexts?: readonly string[] } | null;
}

/** Client of a Platform API. */
export class PlatformApi {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url.replace(/\/+$/, "");
    this.#token = token;
  }

  /** Reads all pipelines with their couplings, in API order. */
  async pipelines(): Promise<SourcePipeline[]> {
    const found: SourcePipeline[] = [];
    for (const { id, name, repository, branch } of await this.#list<PipelineObject>("/pipelines")) {
      const path = `/pipelines/${encodeURIComponent(id)}/pipeline-couplings`;
      const couplings: SourceCoupling[] = [];
      const apps: AppObject[] = [];
      for (const { app, stage, required_status_checks: required } of await this.#list<CouplingObject>(path)) {
        const found = await this.#app(app?.id ?? app?.name ?? "");
        apps.push(found);
        couplings.push({
          app: found.name,
          region: findRegion(found),
          stage: String(stage).toUpperCase() as Stage,
          requiredChecks: required?.contexts ?? [],
        });
      }
      const common = (values: (string | null)[]) => (new Set(values).size === 1 ? (values[0] ?? null) : null);
      found.push({
        name,
        repository: repository || common(apps.map(findRepository)),
        branch: branch || common(apps.map((app) => app.git_branch || null)),
        couplings,
      });
    }
    return found;
  }

  async #app(id: string): Promise<AppObject> {
    return (await this.#get(`/apps/${encodeURIComponent(id)}`)).body as AppObject;
  }

  /** Reads a complete list, range by range. */
  async #list<T>(path: string): Promise<T[]> {
    const all: T[] = [];
    for (let range: string | null = ""; range !== null; ) {
      const { body, next } = await this.#get(path, range);
      if (!Array.isArray(body)) throw notPlatform(this.#url);
      all.push(...(body as T[]));
      range = next;
    }
    return all;
  }

  async #get(path: string, range = ""): Promise<{ body: unknown; next: string | null }> {
    let response: Response;
    try {
      response = await fetch(this.#url + path, {
        headers: {
          accept: "application/vnd.heroku+json; version=3",
          authorization: `Bearer ${this.#token}`,
          ...(range !== "" && { range }),
        },
        redirect: "error",
        signal: AbortSignal.timeout(RESPONSE_TIMEOUT_MS),
      });
    } catch (error) {
      const { code, message } = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
      throw new Failure(EXIT.notConnected, [`Cannot connect to the Platform API at ${this.#url}: ${code ?? message}.`]);
    }
    if (response.status === 401) {
      throw new Failure(EXIT.notConnected, [`${this.#url} rejected the token given with --token.`]);
    }
    const text = await response.text();
    if (!response.ok) throw new Failure(EXIT.refused, [`${this.#url}${path} returned HTTP status ${response.status}.`]);
    return { body: parseJson(text, this.#url), next: response.headers.get("next-range") };
  }
}

/**
 * Validates the address of the Platform API.
 *
 * @throws Failure if the address is not an http or https URL
 */
export function platformUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw wrongUsage(`--from must be the URL of a Platform API, for example https://api.example.com; got "${text}".`);
}

/** The region; null for `default`, which is Railyard's name for an app without a region. */
function findRegion({ region }: AppObject): string | null {
  return region?.name && region.name !== "default" ? region.name : null;
}

function findRepository({ git_url: url }: AppObject): string | null {
  return url && /[/:][^/:]+\/[^/]+/.test(url) && !/(^|[@/.])heroku\.com[:/]/.test(url) ? url : null;
}

function parseJson(text: string, url: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw notPlatform(url);
  }
}

function notPlatform(url: string): Failure {
  return new Failure(EXIT.refused, [`The service at ${url} is not a Platform API.`]);
}
