import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import Negotiator from "negotiator";
import { Refusal } from "../../../domain/core/refusal.js";
import type { CompressedFile, PageFiles } from "./page-files.js";

export interface PageSettings {
  /** The path that the service is reached under, without a slash at its end; empty for none. */
  readonly basePath: string;
  /** The issuer that people sign in at, in the browser; null if they paste a token. */
  readonly oidc: { readonly issuer: string; readonly clientId: string } | null;
}

/**
 * The URLs of the page. Some are also paths of the Platform API, whose clients never accept HTML. Browsers do when they
 * navigate.
 */
const PAGE_PATHS = /^\/(?:(?:pipelines|apps|promotions)\/[^/]+(?:\/\w+)?|approvals|freezes|tokens|audit|sign-in)?\/?$/;

/** An asset never changes: its name contains a hash of its content. */
const ASSET_CACHE_CONTROL = "public, max-age=31536000, immutable";

/** Serves the page at `/` and below, and its files at `/assets`. Call it before other routes are registered. */
export function servePage(http: FastifyInstance, files: PageFiles, settings: PageSettings): void {
  const policy = contentSecurityPolicy(settings);
  let index: Promise<CompressedFile> | null = null;

  const sendIndex = async (request: FastifyRequest, reply: FastifyReply) => {
    if (!files.built) throw new Refusal("NOT_FOUND", "The page is not built. Run `npm run build`.");
    index ??= files.index(`${settings.basePath}/`, { oidc: settings.oidc });
    // Revalidated on every load; the response is 304 while unchanged.
    reply.header("cache-control", "no-cache").header("content-security-policy", policy);
    return send(request, reply, await index, "accept, accept-encoding");
  };

  http.addHook("onRequest", async (request, reply) => {
    if (request.method !== "GET" && request.method !== "HEAD") return;
    const path = request.url.split("?", 1)[0] ?? "";
    if (!PAGE_PATHS.test(path)) return;
    if (path === "/" || request.headers.accept?.includes("text/html")) return sendIndex(request, reply);
  });

  http.get<{ Params: { name: string } }>("/assets/:name", async (request, reply) => {
    const file = await files.asset(request.params.name);
    if (file === null) throw new Refusal("NOT_FOUND", `No such asset: ${request.params.name.slice(0, 200)}.`);
    reply.header("cache-control", ASSET_CACHE_CONTROL);
    return send(request, reply, file, "accept-encoding");
  });
}

function send(request: FastifyRequest, reply: FastifyReply, file: CompressedFile, vary: string): FastifyReply {
  reply.type(file.type).header("etag", file.etag).header("vary", vary);
  if (request.headers["if-none-match"] === file.etag) return reply.code(304).send();
  const accepted = new Negotiator(request.raw).encodings(["br", "gzip", "identity"]);
  const encoding = (["br", "gzip"] as const).find((one) => accepted.includes(one));
  if (encoding === undefined) return reply.send(file.bodies.identity);
  return reply.header("content-encoding", encoding).send(file.bodies[encoding]);
}

/** Allows only files of this service, and connections to the issuer, from which the browser fetches a token. */
function contentSecurityPolicy({ oidc }: PageSettings): string {
  return [
    "default-src 'self'",
    ...(oidc === null ? [] : [`connect-src 'self' ${new URL(oidc.issuer).origin}`]),
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; ");
}
