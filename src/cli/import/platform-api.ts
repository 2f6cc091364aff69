import type { Stage } from "../api/generated.js";
import { EXIT, Failure, wrongUsage } from "../exit.js";

/* Reads pipelines from the Platform API of Akkeris, Heroku or another Railyard. */

/** Maximum time to wait for a response, in milliseconds. */
const RESPONSE_TIMEOUT_MS = 60_000;

export interface SourceCoupling {
  readonly app: string;
  readonly stage: Stage;
  readonly requiredChecks: readonly string[];
}

export interface SourcePipeline {
  readonly name: string;
  readonly couplings: readonly SourceCoupling[];
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
    for (const { id, name } of await this.#list<{ id: string; name: string }>("/pipelines")) {
      const path = `/pipelines/${encodeURIComponent(id)}/pipeline-couplings`;
      const couplings: SourceCoupling[] = [];
      for (const coupling of await this.#list<CouplingObject>(path)) couplings.push(await this.#toCoupling(coupling));
      found.push({ name, couplings });
    }
    return found;
  }

  async #toCoupling({ app, stage, required_status_checks: required }: CouplingObject): Promise<SourceCoupling> {
    return {
      app: app?.name ?? (await this.#appName(app?.id ?? "")),
      stage: String(stage).toUpperCase() as Stage,
      requiredChecks: required?.contexts ?? [],
    };
  }

  /** Heroku returns only the id of a coupling's app. */
  async #appName(id: string): Promise<string> {
    const { body } = await this.#get(`/apps/${encodeURIComponent(id)}`);
    return (body as { name: string }).name;
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
