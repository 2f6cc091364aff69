import { GraphQLError, type GraphQLSchema, getVariableValues, type OperationDefinitionNode } from "graphql";

/** Variables that hold more values than this are looked at before GraphQL does, which tells of fifty mistakes in full. */
const MAX_CHECKED_VALUES = 100;

/**
 * Refuses many values that do not fit their variables, with the first mistake alone: GraphQL would word fifty, each with
 * all of the value that it is in.
 *
 * @throws GraphQLError as GraphQL words it
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
