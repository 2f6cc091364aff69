import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type ApolloServerPlugin, HeaderMap } from "@apollo/server";
import { GraphQLError, type GraphQLSchema, parse, Source } from "graphql";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import { asRefusal, badInput, Refusal } from "../../domain/core/refusal.js";
import type { Context } from "../../schema/context.js";
import { REQUEST_STATUS } from "../../schema/errors.js";
import { calculateCost, checkCost } from "./cost.js";
import { checkShape, checkText, type Limits } from "./limits.js";
import type { Budget } from "./rate-limit.js";
import { checkVariables } from "./variables.js";

/** Maximum number of accepted documents to remember, by hash. The least recently used is evicted. */
const MAX_CACHED_DOCUMENTS = 5000;

/** The parts of a request that identify its document. */
export interface RequestedDocument {
  readonly query?: unknown;
  readonly documentId?: unknown;
  readonly extensions?: unknown;
}

export interface AdmissionOptions {
  readonly schema: GraphQLSchema;
  readonly limits: Limits;
  /** Charges operations to a per-token budget; null if there is no budget. */
  readonly budget: Budget | null;
  /** Trusted documents by SHA-256; null if any document may run. */
  readonly trusted: ReadonlyMap<string, string> | null;
}

/**
 * Admission control for every operation on every transport: which documents may run, how large they may be, and what a
 * token may spend. Limits on the shape are checked before validation, and the cost before execution.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #accepted = new LRUCache<string, true>({ max: MAX_CACHED_DOCUMENTS });

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /**
   * Returns the text of the document after checking its shape. Null if there is no document or it does not parse:
   * Apollo reports those errors.
   *
   * @throws Refusal QUERY_TOO_LARGE, or BAD_USER_INPUT if only trusted documents may run and this is not one
   */
  admit(request: RequestedDocument): string | null {
    const text = this.#options.trusted === null ? request.query : this.#trusted(this.#options.trusted, request);
    if (typeof text !== "string" || text === "") return null;
    const hash = createHash("sha256").update(text).digest("base64");
    if (this.#accepted.get(hash)) return text;
    const { limits } = this.#options;
    checkText(text, limits);
    try {
      checkShape(parse(new Source(text), { maxTokens: limits.tokens, noLocation: true }), limits);
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      if (!/more tha[nt] \d+ tokens/.test(error.message)) return text;
      const message = `The document has too many tokens; at most ${limits.tokens} are allowed.`;
      throw new Refusal("QUERY_TOO_LARGE", message, { figure: null, limit: limits.tokens });
    }
    this.#accepted.set(hash, true);
    return text;
  }

  /**
   * Whether a response may be served from a cache without calling `admit`: not if every operation is charged. Limits
   * and trusted documents do not change at run time, so an admitted request stays admitted.
   */
  get mayCacheResponses(): boolean {
    return this.#options.budget === null;
  }

  #trusted(documents: ReadonlyMap<string, string>, request: RequestedDocument): string {
    const id = request.documentId ?? findPersistedQueryHash(request.extensions);
    const text = typeof id === "string" ? documents.get(normalizeHash(id)) : undefined;
    if (text !== undefined) return text;
    throw badInput("documentId", "documentId must be the hash of a trusted document; this service runs no others.");
  }

  /** Checks the variables and the cost after Apollo has resolved the operation, before it executes. */
  readonly plugin: ApolloServerPlugin<Context> = {
    requestDidStart: async () => {
      let cost: { requested: number; limit: number; remaining: number | null } | null = null;
      return {
        didResolveOperation: async ({ document, operation, request, contextValue }) => {
          // Undefined if the operation is ambiguous, despite its type.
          if (operation === undefined) return;
          const { schema, limits, budget } = this.#options;
          checkVariables(schema, operation, request.variables ?? {});
          const requested = calculateCost(schema, document, operation, request.variables ?? {});
          try {
            checkCost(requested, limits);
            const balance = await budget?.spend(contextValue.viewer, requested);
            cost = { requested, limit: limits.cost, remaining: balance?.remaining ?? null };
          } catch (error) {
            throw toGraphQLError(error);
          }
        },
        willSendResponse: async ({ response: { body } }) => {
          if (cost === null || body.kind !== "single") return;
          body.singleResult.extensions = { ...body.singleResult.extensions, cost };
        },
      };
    },
  };
}

/** Wraps a refusal before execution with its HTTP status. Apollo would respond with 500. */
export function toGraphQLError(thrown: unknown): unknown {
  const error = asRefusal(thrown);
  if (!(error instanceof Refusal)) return error;
  const status = REQUEST_STATUS[error.code] ?? 400;
  const { retryAfter } = error.details;
  const headers = new HeaderMap(retryAfter === undefined ? [] : [["retry-after", String(retryAfter)]]);
  const extensions: Record<string, unknown> = { code: error.code, http: { status, headers } };
  return new GraphQLError(error.message, { originalError: error, extensions });
}

/** The hash that Apollo clients send. In a GET request, `extensions` is JSON text. */
function findPersistedQueryHash(extensions: unknown): unknown {
  const shape = z.object({ persistedQuery: z.object({ sha256Hash: z.string() }) });
  try {
    const parsed: unknown = typeof extensions === "string" ? JSON.parse(extensions) : extensions;
    return shape.safeParse(parsed).data?.persistedQuery.sha256Hash;
  } catch {
    return undefined;
  }
}

/** `sha256:AB12` and `ab12` are the same hash. */
function normalizeHash(hash: string): string {
  return hash.replace(/^sha\d+:/i, "").toLowerCase();
}

/** The manifest of trusted documents cannot be read or is invalid. */
export class InvalidManifest extends Error {
  override readonly name = "InvalidManifest";
}

const MANIFEST = z.record(z.string().regex(/^(sha\d+:)?[0-9a-f]{40,128}$/i), z.string().min(1));

/**
 * Reads the manifest that GraphQL Code Generator's client preset writes: documents by the hash of their text.
 *
 * @throws InvalidManifest if the file cannot be read or is not such a manifest
 */
export function readTrustedDocuments(path: string): Map<string, string> {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new InvalidManifest(`TRUSTED_DOCUMENTS cannot be read: ${(error as Error).message}`);
  }
  const documents = MANIFEST.safeParse(content);
  if (!documents.success) {
    throw new InvalidManifest("TRUSTED_DOCUMENTS must be a JSON object that maps SHA-256 hashes to documents.");
  }
  return new Map(Object.entries(documents.data).map(([hash, text]) => [normalizeHash(hash), text]));
}
