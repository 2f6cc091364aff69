import { hash } from "node:crypto";
import type { ApolloServerPlugin } from "@apollo/server";
import { type DocumentNode, GraphQLError, type GraphQLSchema, Kind, OperationTypeNode, parse, Source } from "graphql";
import { LRUCache } from "lru-cache";
import { badInput, Refusal } from "../../../domain/core/refusal.js";
import type { Context } from "../../../schema/context.js";
import { toGraphQLError } from "../http-head.js";
import type { OperationRequest } from "../request.js";
import { calculateCost, checkCost } from "./cost.js";
import { checkShape, checkText, type Limits } from "./limits.js";
import type { Budget } from "./rate-limit.js";
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

/** A document that may run. */
export interface AdmittedDocument {
  /** Only this text may run. It is empty if there is no document, and may be invalid: Apollo reports those errors. */
  readonly text: string;
  /** Whether it has a mutation. */
  readonly mutates: boolean;
}

/**
 * Admission control for every operation on every transport: which documents may run, how large they may be, and what a
 * token may spend. Limits on the shape are checked before validation, and the cost before execution.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  /** Whether each accepted document has a mutation, by the hash of its text. */
  readonly #accepted = new LRUCache<string, { readonly mutates: boolean }>({ max: MAX_CACHED_DOCUMENTS });

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /**
   * Finds the document to run, and checks its shape.
   *
   * @throws Refusal QUERY_TOO_LARGE, or BAD_USER_INPUT if only trusted documents may run and this is not one
   */
  admit(request: OperationRequest): AdmittedDocument {
    const text = this.#findDocument(request);
    if (text === "") return { text, mutates: false };
    const key = hash("sha256", text, "base64");
    const accepted = this.#accepted.get(key);
    if (accepted !== undefined) return { text, mutates: accepted.mutates };
    const { limits } = this.#options;
    checkText(text, limits);
    try {
      const document = parse(new Source(text), { maxTokens: limits.tokens, noLocation: true });
      checkShape(document, limits);
      const mutates = hasMutation(document);
      this.#accepted.set(key, { mutates });
      return { text, mutates };
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      if (!/more tha[nt] \d+ tokens/.test(error.message)) return { text, mutates: false };
      const message = `The document has too many tokens; at most ${limits.tokens} are allowed.`;
      throw new Refusal("QUERY_TOO_LARGE", message, { figure: null, limit: limits.tokens });
    }
  }

  get limits(): Limits {
    return this.#options.limits;
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
        willSendResponse: async ({ response: { body }, contextValue }) => {
          if (cost === null || body.kind !== "single") return;
          // Lists can be longer than the estimate assumed. The operation has been executed, so it is charged for them
          // but not refused.
          const more = contextValue.resultSize.fields - cost.requested;
          if (more > 0) await this.#options.budget?.spend(contextValue.viewer, more).catch(ignoreRefusal);
          body.singleResult.extensions = { ...body.singleResult.extensions, cost };
        },
      };
    },
  };
}

function ignoreRefusal(error: unknown): void {
  if (!(error instanceof Refusal)) throw error;
}

function hasMutation({ definitions }: DocumentNode): boolean {
  return definitions.some(
    (definition) =>
      definition.kind === Kind.OPERATION_DEFINITION && definition.operation === OperationTypeNode.MUTATION,
  );
}
