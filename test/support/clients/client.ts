/** A GraphQL error as a client receives it. */
export interface ResponseError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: { readonly code: string; readonly [key: string]: unknown };
}

export interface GraphQLResponse<T> {
  readonly status: number;
  readonly data?: T | null;
  readonly errors?: readonly ResponseError[];
  readonly extensions?: {
    readonly cost?: { readonly requested: number; readonly limit: number; readonly remaining: number | null };
  };
}

/** Thrown by `ask` if the response contains errors. */
export class RequestFailed extends Error {
  override readonly name = "Refused";
  readonly code: string;

  constructor(readonly errors: readonly ResponseError[]) {
    super(errors.map((error) => `${error.extensions.code}: ${error.message}`).join("\n"));
    this.code = errors[0]?.extensions.code ?? "";
  }
}

/** A plain GraphQL client over HTTP. */
export class Client {
  constructor(
    readonly url: string,
    readonly secret: string | null,
  ) {}

  /** Returns the response, with or without errors. */
  async post<T = Record<string, unknown>>(
    query: string,
    variables: Record<string, unknown> = {},
  ): Promise<GraphQLResponse<T>> {
    const response = await fetch(`${this.url}/graphql`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(this.secret !== null && { authorization: `Bearer ${this.secret}` }),
      },
      body: JSON.stringify({ query, variables }),
    });
    return { status: response.status, ...((await response.json()) as object) };
  }

  /** Returns the data of a response. Throws `RequestFailed` if it contains errors. */
  // biome-ignore lint/suspicious/noExplicitAny: the caller knows the shape of the selected data.
  async ask<T = any>(query: string, variables: Record<string, unknown> = {}): Promise<T> {
    const answer = await this.post<T>(query, variables);
    if (answer.errors !== undefined) throw new RequestFailed(answer.errors);
    return answer.data as T;
  }

  /** Returns the first error of a response. Throws if it contains none. */
  async queryError(query: string, variables: Record<string, unknown> = {}): Promise<ResponseError> {
    const answer = await this.post(query, variables);
    const [error] = answer.errors ?? [];
    if (error === undefined) throw new Error(`Expected a refusal, got ${JSON.stringify(answer.data)}.`);
    return error;
  }

  /** Runs a mutation by name with an input, and returns its payload. */
  // biome-ignore lint/suspicious/noExplicitAny: the caller knows the shape of the selected data.
  async mutate<T = any>(name: string, input: object, selection: string): Promise<T> {
    const data = await this.ask<Record<string, T>>(mutation(name, selection), { input });
    return data[name] as T;
  }

  /** Runs a mutation by name, and returns its error. */
  mutationError(name: string, input: object, selection = "__typename"): Promise<ResponseError> {
    return this.queryError(mutation(name, selection), { input });
  }
}

function mutation(name: string, selection: string): string {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  return `mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} } }`;
}
