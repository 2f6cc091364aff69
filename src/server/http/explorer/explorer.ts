import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import type { FastifyReply, FastifyRequest } from "fastify";

interface CachedPage {
  readonly policy: string;
  readonly etag: string;
  readonly zipped: Buffer;
}

/**
 * Serves the explorer: GraphiQL in a single page. The page has nine megabytes, so it is rendered and compressed once,
 * on first use.
 */
export function explorer(): (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply> {
  let page: Promise<CachedPage> | null = null;
  return async (request, reply) => {
    page ??= createPage();
    const { policy, etag, zipped } = await page;
    reply
      .type("text/html; charset=utf-8")
      .header("content-security-policy", policy)
      // Revalidated on every load; the response is 304 while unchanged.
      .header("cache-control", "no-cache")
      .header("vary", "accept, accept-encoding")
      .header("etag", etag);
    if (request.headers["if-none-match"] === etag) return reply.code(304).send();
    if (/\bgzip\b/.test(request.headers["accept-encoding"] ?? "")) {
      return reply.header("content-encoding", "gzip").send(zipped);
    }
    return reply.send(await promisify(gunzip)(zipped));
  };
}

async function createPage(): Promise<CachedPage> {
  const { renderExplorer } = await import("./explorer-page.js");
  const { html, policy } = renderExplorer();
  const hash = createHash("sha256").update(html).digest("base64url");
  return { policy, etag: `W/"${hash}"`, zipped: await promisify(gzip)(html) };
}
