import { type ClientRequest, type IncomingMessage, type RequestOptions, request } from "node:http";

export interface HttpResponse {
  readonly status: number;
  readonly requestId: string | null;
  readonly text: string;
}

/**
 * Posts JSON and reads the whole answer. Not `fetch`: to load that takes longer than all else that a command does.
 *
 * @param deadline how long the answer may take, in milliseconds
 */
export async function postJson(
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
  deadline: number,
): Promise<HttpResponse> {
  const send = url.protocol === "https:" ? (await import("node:https")).request : request;
  const options: RequestOptions = {
    method: "POST",
    headers: { ...headers, "content-type": "application/json", accept: "application/json" },
    signal: AbortSignal.timeout(deadline),
  };
  return new Promise((resolve, reject) => {
    const asked: ClientRequest = send(url, options, (response) => {
      readBody(response).then(
        (text) => resolve({ status: response.statusCode ?? 0, requestId: readHeader(response, "x-request-id"), text }),
        reject,
      );
    });
    asked.on("error", reject);
    asked.end(body);
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
