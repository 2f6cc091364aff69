import { type ApolloServerPlugin, HeaderMap } from "@apollo/server";
import { type DocumentNode, type GraphQLSchema, Kind, OperationTypeNode } from "graphql";
import type { CompiledQuery } from "graphql-jit";
import type { Context } from "../../schema/context.js";

/** So many times a document is asked for before code is made of it: that costs as much as ten executions. */
const COMPILE_AFTER_RUNS = 10;
/** The longest document that code is made of, in characters: it takes some 10 ms for each thousand, and nobody is answered meanwhile. */
const MAX_SOURCE_LENGTH = 2000;
/** Code is kept of so many documents; the oldest makes room. */
const MAX_COMPILED = 200;

/** So many times a document is then executed as any other, before its code is tried again. */
const RETRY_AFTER_RUNS = 20;

/** What is known of a document: how often it has to be asked for still, and its operations as code, by name. */
interface KnownQuery {
  left: number;
  readonly code: Map<string | null, CompiledQuery | null>;
}

/**
 * Runs queries that are asked again and again as code that was made of their documents, in half the time that it takes to
 * walk through a document anew. It stands where Apollo would execute: what comes before, what is refused there and what
 * comes after is the same.
 *
 * What the code answers is taken only where nothing went wrong. Otherwise the query is executed as any other, so that
 * every error is worded in one place; a query changes nothing, and may run twice. So that it does not run twice each time,
 * the code then rests for a while.
 */
export class CompiledQueries {
  readonly #schema: GraphQLSchema;
  /** By the document that Apollo keeps of a text; what it lets go of is forgotten here too. */
  readonly #known = new WeakMap<DocumentNode, KnownQuery>();
  #compile: ((document: DocumentNode, operation: string | null) => CompiledQuery | null) | null = null;
  /** Of which there is code, from the oldest. */
  readonly #made: KnownQuery[] = [];
  #runs = 0;

  constructor(schema: GraphQLSchema) {
    this.#schema = schema;
  }

  /** How many queries were answered by their code. */
  get runs(): number {
    return this.#runs;
  }

  readonly plugin: ApolloServerPlugin<Context> = {
    requestDidStart: async () => ({
      responseForOperation: async ({ source, document, operation, request, contextValue }) => {
        // Where the document's operation is not clear there is none here, whatever the type says.
        if (operation?.operation !== OperationTypeNode.QUERY || source.length > MAX_SOURCE_LENGTH) return null;
        const known = this.#lookUp(document);
        if (known.left > 0) return null;
        const code = await this.#codeOf(known, document, request.operationName ?? null);
        if (code === null) return null;
        const { data, errors } = await code.query(undefined, contextValue, request.variables ?? {});
        if (data == null || (errors !== undefined && errors.length > 0)) {
          known.left = RETRY_AFTER_RUNS;
          return null;
        }
        this.#runs += 1;
        return { http: { headers: new HeaderMap() }, body: { kind: "single", singleResult: { data } } };
      },
    }),
  };

  #lookUp(document: DocumentNode): KnownQuery {
    const known = this.#known.get(document) ?? { left: COMPILE_AFTER_RUNS, code: new Map() };
    this.#known.set(document, known);
    known.left = Math.max(0, known.left - 1);
    return known;
  }

  async #codeOf(known: KnownQuery, document: DocumentNode, operation: string | null): Promise<CompiledQuery | null> {
    const made = known.code.get(operation);
    if (made !== undefined) return made;
    this.#compile ??= await compilerFor(this.#schema);
    const code = mayBeCompiled(document) ? this.#compile(document, operation) : null;
    if (known.code.size === 0) this.#made.push(known);
    known.code.set(operation, code);
    if (this.#made.length > MAX_COMPILED) {
      const oldest = this.#made.shift();
      oldest?.code.clear();
    }
    return code;
  }
}

/**
 * A variable that may be null, and has a default, may stand where null is refused: whether it does is looked at as the
 * query is executed, and not by the code.
 */
function mayBeCompiled(document: DocumentNode): boolean {
  return document.definitions.every(
    (definition) =>
      definition.kind !== Kind.OPERATION_DEFINITION ||
      definition.variableDefinitions?.every(
        ({ type, defaultValue }) => type.kind === Kind.NON_NULL_TYPE || defaultValue === undefined,
      ) !== false,
  );
}

/** Loaded when something is to be compiled: an idle service has no need of it. */
async function compilerFor(schema: GraphQLSchema) {
  const { compileQuery, isCompiledQuery } = await import("graphql-jit");
  return (document: DocumentNode, operation: string | null): CompiledQuery | null => {
    const made = compileQuery(schema, document, operation ?? undefined);
    return isCompiledQuery(made) ? made : null;
  };
}
