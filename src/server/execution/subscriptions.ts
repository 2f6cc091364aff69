import { createSourceEventStream, type DocumentNode, execute, type GraphQLError, type GraphQLSchema } from "graphql";
import type { LogEvent } from "../../entities/history/event.js";
import type { Context } from "../../schema/context.js";

/** A subscription that passed all checks and may start. */
export interface AdmittedSubscription {
  /** The text of the document. */
  readonly source: string;
  readonly document: DocumentNode;
  readonly operationName: string | null;
  readonly variables: Record<string, unknown>;
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
