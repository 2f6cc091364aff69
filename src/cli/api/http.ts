import { type ClientRequest, type IncomingMessage, type RequestOptions, request } from "node:http";

export interface HttpResponse {
  readonly status: number;
  readonly requestId: string | null;
  readonly text: string;
}

/**
 * Posts JSON and reads the complete response. Does not use `fetch`: loading it takes longer than the rest of a command.
 *
 * @param timeoutMs maximum time for the response, in milliseconds
 */
export async function postJson(
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
  timeoutMs: number,
): Promise<HttpResponse> {
  const send = url.protocol === "https:" ? (await import("node:https")).request : request;
  const options: RequestOptions = {
    method: "POST",
    headers: { ...headers, "content-type": "application/json", accept: "application/json" },
    signal: AbortSignal.timeout(timeoutMs),
  };
  return new Promise((resolve, reject) => {
    const outgoing: ClientRequest = send(url, options, (response) => {
      readBody(response).then(
        (text) => resolve({ status: response.statusCode ?? 0, requestId: readHeader(response, "x-request-id"), text }),
        reject,
      );
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

async function readBody(response: IncomingMessage): Promise<string> {
  response.setEncoding("utf8");
  let text = "";
  for await (const chunk of response) text += chunk;
  return text;
}

function readHeader(response: IncomingMessage, name: string): string | null {
  const value = response.headers[name];
  return typeof value === "string" ? value : null;
}
