import { createHash } from "node:crypto";
import type { ApolloServerPlugin } from "@apollo/server";
import { GraphQLError, type GraphQLSchema, parse, Source } from "graphql";
import { LRUCache } from "lru-cache";
import { badInput, Refusal } from "../../domain/core/refusal.js";
import type { Context } from "../../schema/context.js";
import { calculateCost, checkCost } from "./cost.js";
import { toGraphQLError } from "./http-head.js";
import { checkShape, checkText, type Limits } from "./limits.js";
import type { Budget } from "./rate-limit.js";
import type { OperationRequest } from "./request.js";
import { findTrustedDocument, type TrustedDocuments } from "./trusted-documents.js";
import { checkVariables } from "./variables.js";

/** Maximum number of accepted documents to remember, by hash. The least recently used is evicted. */
const MAX_CACHED_DOCUMENTS = 5000;

export interface AdmissionOptions {
  readonly schema: GraphQLSchema;
  readonly limits: Limits;
  /** Charges operations to a per-token budget; null if there is no budget. */
  readonly budget: Budget | null;
  /** The only documents that may run; null if any document may run. */
  readonly trusted: TrustedDocuments | null;
  /** The documents of the page, which always may run. */
  readonly pageDocuments: TrustedDocuments;
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
   * Returns the text of the document to run, after checking its shape. Only this text may run. It is empty if there is no
   * document, and may be invalid: Apollo reports those errors.
   *
   * @throws Refusal QUERY_TOO_LARGE, or BAD_USER_INPUT if only trusted documents may run and this is not one
   */
  admit(request: OperationRequest): string {
    const text = this.#findDocument(request);
    if (text === "") return text;
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

  #findDocument({ query, documentId }: OperationRequest): string {
    const { trusted, pageDocuments } = this.#options;
    const known = documentId === undefined ? undefined : findTrustedDocument(pageDocuments, documentId);
    if (known !== undefined) return known;
    if (trusted === null) {
      // Clients recognize this message, and send the document itself.
      if (query === "" && documentId !== undefined) throw new Refusal("BAD_USER_INPUT", "PersistedQueryNotSupported");
      return query;
    }
    const text = documentId === undefined ? undefined : findTrustedDocument(trusted, documentId);
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
