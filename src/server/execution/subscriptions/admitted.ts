import { type ApolloServerPlugin, HeaderMap } from "@apollo/server";
import {
  createSourceEventStream,
  type DocumentNode,
  execute,
  GraphQLError,
  type GraphQLSchema,
  OperationTypeNode,
} from "graphql";
import { Refusal } from "../../../domain/core/refusal.js";
import type { LogEvent } from "../../../entities/history/event.js";
import type { Context } from "../../../schema/context.js";
import { calculateCost } from "../admission/cost.js";

/** A subscription that passed all checks and may start. */
export interface AdmittedSubscription {
  /** The text of the document. */
  readonly source: string;
  readonly document: DocumentNode;
  readonly operationName: string | null;
  readonly variables: Record<string, unknown>;
  /** Upper bound of the cost of one event; see `calculateCost`. */
  readonly cost: number;
}

/**
 * Subscriptions that Apollo admitted, keyed by `subscriptionSource` of the context: Apollo copies the context but not
 * that object.
 */
export type AdmittedSubscriptions = WeakMap<object, AdmittedSubscription>;

const EMPTY_BODY = { kind: "single", singleResult: { data: null } } as const;

/** Refuses subscriptions on transports that do not support them, and records the others as admitted. */
export function subscriptionPlugin(
  schema: GraphQLSchema,
  admitted: AdmittedSubscriptions,
): ApolloServerPlugin<Context> {
  return {
    requestDidStart: async () => ({
      async didResolveOperation({ operation, contextValue }) {
        if (operation?.operation !== OperationTypeNode.SUBSCRIPTION || contextValue.subscriptionSource !== null) return;
        const refusal = new Refusal("BAD_USER_INPUT", "Subscriptions are served over WebSocket, at the same path.");
        const extensions = { http: { status: 400 } };
        throw new GraphQLError(refusal.message, { originalError: refusal, nodes: operation, extensions });
      },
      async responseForOperation({ operation, document, source, request, contextValue }) {
        // Undefined if the operation is ambiguous, despite its type.
        if (operation?.operation !== OperationTypeNode.SUBSCRIPTION || contextValue.subscriptionSource === null)
          return null;
        const { operationName = null, variables = {} } = request;
        const cost = calculateCost(schema, document, operation, variables);
        admitted.set(contextValue.subscriptionSource, { source, document, operationName, variables, cost });
        return { http: { headers: new HeaderMap() }, body: EMPTY_BODY };
      },
    }),
  };
}

/** Starts a subscription. Returns its events, or the errors that refuse it. */
export async function startEvents(
  schema: GraphQLSchema,
  { document, operationName, variables }: AdmittedSubscription,
  contextValue: Context,
): Promise<AsyncIterableIterator<LogEvent> | readonly GraphQLError[]> {
  const stream = await createSourceEventStream({
    schema,
    document,
    operationName,
    variableValues: variables,
    contextValue,
  });
  if (Symbol.asyncIterator in stream) return stream as AsyncIterableIterator<LogEvent>;
  return stream.errors ?? [];
}

/** Executes a subscription's selection for one event. */
export function executeForEvent(
  schema: GraphQLSchema,
  { document, operationName, variables }: AdmittedSubscription,
  rootValue: LogEvent,
  contextValue: Context,
) {
  return execute({ schema, document, operationName, variableValues: variables, rootValue, contextValue });
}
