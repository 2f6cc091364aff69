import { GraphQLError, type GraphQLSchema, getVariableValues, type OperationDefinitionNode } from "graphql";

/** Variables with more values than this are checked separately: GraphQL would report fifty errors in full. */
const MAX_CHECKED_VALUES = 100;

/**
 * Validates large variables and reports only the first error. GraphQL would report fifty, each with the whole value
 * that contains it.
 *
 * @throws GraphQLError with GraphQL's message
 */
export function checkVariables(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): void {
  if (!hasMoreThan(MAX_CHECKED_VALUES, variables)) return;
  const { errors } = getVariableValues(schema, variableDefinitions, variables, { maxErrors: 1 });
  const [first] = errors ?? [];
  if (first === undefined) return;
  const { nodes, originalError } = first;
  const extensions: Record<string, unknown> = { code: "BAD_USER_INPUT", http: { status: 400 } };
  throw new GraphQLError(first.message, { nodes: nodes ?? null, originalError: originalError ?? null, extensions });
}

function hasMoreThan(limit: number, value: unknown): boolean {
  let count = 0;
  const pending = [value];
  while (pending.length > 0 && count <= limit) {
    const current = pending.pop();
    count += 1;
    if (typeof current === "object" && current !== null) {
      for (const inner of Object.values(current)) {
        pending.push(inner);
        if (pending.length > limit) return true;
      }
    }
  }
  return count > limit;
}
