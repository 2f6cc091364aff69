/** A response of a REST route. */
export interface RestResponse {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: the caller knows the shape of the selected data.
  readonly body: any;
}

/** A plain HTTP client of the Platform API. */
export class RestClient {
  constructor(
    readonly url: string,
    readonly secret: string | null,
  ) {}

  async send(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<RestResponse> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        ...(this.secret !== null && { authorization: `Bearer ${this.secret}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === "" ? null : JSON.parse(text) };
  }

  get(path: string, headers?: Readonly<Record<string, string>>): Promise<RestResponse> {
    return this.send("GET", path, undefined, headers);
  }

  post(path: string, body: unknown): Promise<RestResponse> {
    return this.send("POST", path, body);
  }

  patch(path: string, body: unknown): Promise<RestResponse> {
    return this.send("PATCH", path, body);
  }

  delete(path: string): Promise<RestResponse> {
    return this.send("DELETE", path);
  }
}
