import type { ApolloServerPlugin } from "@apollo/server";
import { Kind, OperationTypeNode, type SelectionSetNode } from "graphql";
import { logBounds } from "../../events/bounds.js";
import type { Context } from "../../schema/context.js";
import { type Fragments, findFragments } from "./admission/limits.js";

/**
 * Begins the consistent reads of a query. Reads the head of the log for `Query.cursor` before any other row, so that
 * the response contains every change up to the cursor, wherever the field is in the document.
 */
export const logHeadPlugin: ApolloServerPlugin<Context> = {
  requestDidStart: async () => ({
    didResolveOperation: async ({ document, operation, contextValue }) => {
      // Undefined if the operation is ambiguous, despite its type.
      if (operation?.operation !== OperationTypeNode.QUERY) return;
      contextValue.reads.begin();
      if (!selectsCursor(operation.selectionSet, findFragments(document))) return;
      contextValue.logHead = (await logBounds(contextValue.db.reader)).head;
    },
  }),
};

function selectsCursor({ selections }: SelectionSetNode, fragments: Fragments): boolean {
  return selections.some((selection) => {
    if (selection.kind === Kind.FIELD) return selection.name.value === "cursor";
    if (selection.kind === Kind.INLINE_FRAGMENT) return selectsCursor(selection.selectionSet, fragments);
    const fragment = fragments.get(selection.name.value);
    return fragment !== undefined && selectsCursor(fragment.selectionSet, fragments);
  });
}
