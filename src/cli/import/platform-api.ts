import type { Stage } from "../api/model.js";
import { EXIT, Failure, wrongUsage } from "../exit.js";

/* Reads pipelines from a Platform API: that of Akkeris or Heroku, or of another Railyard. */

/** How long an answer is waited for, in milliseconds. */
const RESPONSE_TIMEOUT_MS = 60_000;

export interface ForeignCoupling {
  readonly app: string;
  readonly stage: Stage;
  readonly requiredChecks: readonly string[];
}

export interface ForeignPipeline {
  readonly name: string;
  readonly couplings: readonly ForeignCoupling[];
}

interface CouplingObject {
  readonly app?: { readonly id?: string; readonly name?: string };
  readonly stage?: string;
  readonly required_status_checks?: { readonly contexts?: readonly string[] } | null;
}

/** One Platform API, and the token to read it with. */
export class PlatformApi {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url.replace(/\/+$/, "");
    this.#token = token;
  }

  /** Every pipeline with its couplings, in the order of the API. */
  async pipelines(): Promise<ForeignPipeline[]> {
    const found: ForeignPipeline[] = [];
    for (const { id, name } of await this.#list<{ id: string; name: string }>("/pipelines")) {
      const path = `/pipelines/${encodeURIComponent(id)}/pipeline-couplings`;
      const couplings: ForeignCoupling[] = [];
      for (const coupling of await this.#list<CouplingObject>(path)) couplings.push(await this.#couplingOf(coupling));
      found.push({ name, couplings });
    }
    return found;
  }

  async #couplingOf({ app, stage, required_status_checks: required }: CouplingObject): Promise<ForeignCoupling> {
    return {
      app: app?.name ?? (await this.#appName(app?.id ?? "")),
      stage: String(stage).toUpperCase() as Stage,
      requiredChecks: required?.contexts ?? [],
    };
  }

  /** Heroku tells the app of a coupling by its id alone. */
  async #appName(id: string): Promise<string> {
    const { body } = await this.#get(`/apps/${encodeURIComponent(id)}`);
    return (body as { name: string }).name;
  }

  /** A whole list, as many ranges as that takes. */
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
      throw new Failure(EXIT.notConnected, [`No Platform API answers at ${this.#url}: ${code ?? message}.`]);
    }
    if (response.status === 401) {
      throw new Failure(EXIT.notConnected, [`${this.#url} does not know the token that --token gives.`]);
    }
    const text = await response.text();
    if (!response.ok) throw new Failure(EXIT.refused, [`${this.#url}${path} answered ${response.status}.`]);
    return { body: parseJson(text, this.#url), next: response.headers.get("next-range") };
  }
}

/**
 * The address of the API to read from.
 *
 * @throws Failure of wrong usage where it is no http or https address
 */
export function platformUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw wrongUsage(`--from must be the address of a Platform API, as https://api.example.com; "${text}" is none.`);
}

function parseJson(text: string, url: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw notPlatform(url);
  }
}

function notPlatform(url: string): Failure {
  return new Failure(EXIT.refused, [`What answers at ${url} is not a Platform API.`]);
}
