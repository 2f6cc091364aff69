import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { type ApolloServerPlugin, HeaderMap } from "@apollo/server";
import { GraphQLError, type GraphQLSchema, parse, Source } from "graphql";
import { z } from "zod";
import { asRefusal, badInput, Refusal } from "../../domain/core/refusal.js";
import type { Context } from "../../schema/context.js";
import { REQUEST_STATUS } from "../../schema/errors.js";
import { calculateCost, checkCost } from "./cost.js";
import { checkShape, checkText, type Limits } from "./limits.js";
import type { Budget } from "./rate-limit.js";
import { checkVariables } from "./variables.js";

/** Documents whose shape was found to be in order, by their hash; the oldest makes room. */
const MAX_CACHED_DOCUMENTS = 5000;

/** The parts of a request that say which document is to run. */
export interface RequestedDocument {
  readonly query?: unknown;
  readonly documentId?: unknown;
  readonly extensions?: unknown;
}

export interface AdmissionOptions {
  readonly schema: GraphQLSchema;
  readonly limits: Limits;
  /** What the operations of one token are paid from; null where they are not paid for. */
  readonly budget: Budget | null;
  /** The only documents that run, by their SHA-256; null where any may. */
  readonly trusted: ReadonlyMap<string, string> | null;
}

/**
 * The one gate for every operation, by whichever way it comes: which documents run, how large they may be, and what a
 * token may spend. What the shape alone gives away is refused before validation, and the cost before execution.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #known = new Set<string>();

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /**
   * The document of a request, once its shape is known to be in order; null where there is none to look at, or none that
   * can be parsed, which others say better.
   *
   * @throws Refusal QUERY_TOO_LARGE, or BAD_USER_INPUT where only trusted documents run and this is none
   */
  documentOf(asked: RequestedDocument): string | null {
    const text = this.#options.trusted === null ? asked.query : this.#trusted(this.#options.trusted, asked);
    if (typeof text !== "string" || text === "") return null;
    const hash = createHash("sha256").update(text).digest("base64");
    if (this.#known.has(hash)) return text;
    const { limits } = this.#options;
    checkText(text, limits);
    try {
      checkShape(parse(new Source(text), { maxTokens: limits.tokens, noLocation: true }), limits);
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      if (!/more tha[nt] \d+ tokens/.test(error.message)) return text;
      const message = `The document has more than ${limits.tokens} tokens, which is the most that is allowed.`;
      throw new Refusal("QUERY_TOO_LARGE", message, { figure: null, limit: limits.tokens });
    }
    const [oldest] = this.#known;
    if (this.#known.size >= MAX_CACHED_DOCUMENTS && oldest !== undefined) this.#known.delete(oldest);
    this.#known.add(hash);
    return text;
  }

  /**
   * Whether an answer may be given again to the same question without asking here: not where each one is to be paid for.
   * What was let pass once is let pass again, since limits and trusted documents stay as they are.
   */
  get mayCacheResponses(): boolean {
    return this.#options.budget === null;
  }

  #trusted(documents: ReadonlyMap<string, string>, asked: RequestedDocument): string {
    const given = asked.documentId ?? hashIn(asked.extensions);
    const text = typeof given === "string" ? documents.get(plainHash(given)) : undefined;
    if (text !== undefined) return text;
    throw badInput("documentId", "documentId must be the hash of a trusted document: here only those run.");
  }

  /** Where Apollo has found the operation of a document: the last look before it runs. */
  readonly plugin: ApolloServerPlugin<Context> = {
    requestDidStart: async () => {
      let spent: { requested: number; limit: number; remaining: number | null } | null = null;
      return {
        didResolveOperation: async ({ document, operation, request, contextValue }) => {
          // Where the document's operation is not clear there is none here, whatever the type says.
          if (operation === undefined) return;
          const { schema, limits, budget } = this.#options;
          checkVariables(schema, operation, request.variables ?? {});
          const requested = calculateCost(schema, document, operation, request.variables ?? {});
          try {
            checkCost(requested, limits);
            const balance = await budget?.spend(contextValue.viewer, requested);
            spent = { requested, limit: limits.cost, remaining: balance?.remaining ?? null };
          } catch (error) {
            throw toGraphQLError(error);
          }
        },
        willSendResponse: async ({ response: { body } }) => {
          if (spent === null || body.kind !== "single") return;
          body.singleResult.extensions = { ...body.singleResult.extensions, cost: spent };
        },
      };
    },
  };
}

/** A refusal before anything was carried out, with the HTTP status that belongs to it; Apollo would answer 500. */
export function toGraphQLError(thrown: unknown): unknown {
  const error = asRefusal(thrown);
  if (!(error instanceof Refusal)) return error;
  const status = REQUEST_STATUS[error.code] ?? 400;
  const { retryAfter } = error.details;
  const headers = new HeaderMap(retryAfter === undefined ? [] : [["retry-after", String(retryAfter)]]);
  const extensions: Record<string, unknown> = { code: error.code, http: { status, headers } };
  return new GraphQLError(error.message, { originalError: error, extensions });
}

/** The hash of a document as Apollo's clients send it, also as the text that it is in an address. */
function hashIn(extensions: unknown): unknown {
  const shape = z.object({ persistedQuery: z.object({ sha256Hash: z.string() }) });
  try {
    const given: unknown = typeof extensions === "string" ? JSON.parse(extensions) : extensions;
    return shape.safeParse(given).data?.persistedQuery.sha256Hash;
  } catch {
    return undefined;
  }
}

/** `sha256:AB12` and `ab12` are the same hash. */
function plainHash(hash: string): string {
  return hash.replace(/^sha\d+:/i, "").toLowerCase();
}

/** A manifest of trusted documents that cannot be used: the operator's to mend. */
export class InvalidManifest extends Error {
  override readonly name = "UnusableManifest";
}

const MANIFEST = z.record(z.string().regex(/^(sha\d+:)?[0-9a-f]{40,128}$/i), z.string().min(1));

/**
 * Reads the manifest that the client preset of GraphQL Code Generator writes: documents by the hash of their text.
 *
 * @throws UnusableManifest where the file cannot be read or is none
 */
export function readTrustedDocuments(path: string): Map<string, string> {
  let found: unknown;
  try {
    found = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new InvalidManifest(`TRUSTED_DOCUMENTS cannot be read: ${(error as Error).message}`);
  }
  const documents = MANIFEST.safeParse(found);
  if (!documents.success) {
    throw new InvalidManifest("TRUSTED_DOCUMENTS must be a JSON object that gives documents by their hashes.");
  }
  return new Map(Object.entries(documents.data).map(([hash, text]) => [plainHash(hash), text]));
}
