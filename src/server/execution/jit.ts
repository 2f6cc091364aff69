import { type ApolloServerPlugin, HeaderMap } from "@apollo/server";
import { type DocumentNode, type GraphQLSchema, Kind, OperationTypeNode } from "graphql";
import type { CompiledQuery } from "graphql-jit";
import { LRUCache } from "lru-cache";
import type { Context } from "../../schema/context.js";

/** Number of runs before a document is compiled: compiling costs as much as ten executions. */
const COMPILE_AFTER_RUNS = 10;
/**
 * Longest document to compile, in characters. Compiling takes about 10 ms per thousand characters and blocks the event
 * loop.
 */
const MAX_SOURCE_LENGTH = 2000;
/** Maximum number of compiled documents. The least recently used is evicted. */
const MAX_COMPILED = 200;

/** Number of interpreted runs after a failed compiled run. */
const RETRY_AFTER_RUNS = 20;

const EMPTY_BODY = { kind: "single", singleResult: { data: null } } as const;

/** The compiled operations of a document by name; null if one cannot be compiled. */
type CompiledOperations = Map<string | null, CompiledQuery | null>;

/**
 * Compiles frequent queries to JavaScript, which halves their execution time. Replaces only Apollo's execution phase:
 * parsing, validation, admission and error handling are unchanged.
 *
 * The result of a compiled query is used only if it has no errors. Otherwise the query is executed again by graphql-js,
 * so that error messages come from one place. Queries have no side effects, so running twice is safe. After an error
 * the compiled query is skipped for some runs, so that it does not run twice each time.
 */
export class CompiledQueries {
  readonly #schema: GraphQLSchema;
  /** Runs left until a document is compiled. Keyed by the document in Apollo's cache, and released with it. */
  readonly #runsLeft = new WeakMap<DocumentNode, number>();
  readonly #compiled = new LRUCache<DocumentNode, CompiledOperations>({
    max: MAX_COMPILED,
    // It must be frequent again before it is compiled again.
    dispose: (_, document) => this.#runsLeft.set(document, COMPILE_AFTER_RUNS),
  });
  #compile: ((document: DocumentNode, operation: string | null) => CompiledQuery | null) | null = null;
  #runs = 0;

  constructor(schema: GraphQLSchema) {
    this.#schema = schema;
  }

  /** Number of queries answered by compiled code. */
  get runs(): number {
    return this.#runs;
  }

  readonly plugin: ApolloServerPlugin<Context> = {
    requestDidStart: async () => ({
      responseForOperation: async ({ source, document, operation, request, contextValue }) => {
        // Undefined if the operation is ambiguous, despite its type.
        if (operation?.operation !== OperationTypeNode.QUERY || source.length > MAX_SOURCE_LENGTH) return null;
        if (this.#countRun(document) > 0) return null;
        const compiled = await this.#getCompiled(document, request.operationName ?? null);
        if (compiled === null) return null;
        const { resultSize } = contextValue;
        const { data, errors } = await compiled.query(undefined, contextValue, request.variables ?? {});
        // The operation is refused, whichever way it is executed.
        if (resultSize.exceeded !== null) return { http: { headers: new HeaderMap() }, body: EMPTY_BODY };
        if (data == null || (errors !== undefined && errors.length > 0)) {
          this.#runsLeft.set(document, RETRY_AFTER_RUNS);
          resultSize.restart();
          return null;
        }
        this.#runs += 1;
        return { http: { headers: new HeaderMap() }, body: { kind: "single", singleResult: { data } } };
      },
    }),
  };

  /** Returns the runs left until the document is compiled. */
  #countRun(document: DocumentNode): number {
    const left = this.#runsLeft.get(document) ?? COMPILE_AFTER_RUNS;
    if (left > 0) this.#runsLeft.set(document, left - 1);
    return Math.max(0, left - 1);
  }

  async #getCompiled(document: DocumentNode, operation: string | null): Promise<CompiledQuery | null> {
    const existing = this.#compiled.get(document)?.get(operation);
    if (existing !== undefined) return existing;
    this.#compile ??= await createCompiler(this.#schema);
    const compiled = isCompilable(document) ? this.#compile(document, operation) : null;
    const operations: CompiledOperations = this.#compiled.get(document) ?? new Map();
    operations.set(operation, compiled);
    this.#compiled.set(document, operations);
    return compiled;
  }
}

/**
 * Excludes nullable variables with a default. Such a variable may be used where null is not allowed; graphql-js checks
 * that at execution, the compiled code does not.
 */
function isCompilable(document: DocumentNode): boolean {
  return document.definitions.every(
    (definition) =>
      definition.kind !== Kind.OPERATION_DEFINITION ||
      definition.variableDefinitions?.every(
        ({ type, defaultValue }) => type.kind === Kind.NON_NULL_TYPE || defaultValue === undefined,
      ) !== false,
  );
}

/** Loaded on first use, to save memory in an idle service. */
async function createCompiler(schema: GraphQLSchema) {
  const { compileQuery, isCompiledQuery } = await import("graphql-jit");
  return (document: DocumentNode, operation: string | null): CompiledQuery | null => {
    const existing = compileQuery(schema, document, operation ?? undefined);
    return isCompiledQuery(existing) ? existing : null;
  };
}
