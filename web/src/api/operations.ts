import { type AnyVariables, type Client, type CombinedError, createRequest } from "urql";
import type { TypedDocumentString } from "../gql/graphql";

/**
 * An operation that failed. `code` is the service's, or `NETWORK` if it could not be reached. `field` is the path of the argument
 * that caused it, for example `scope.pipelines.0`; null if none did.
 */
export class OperationFailed extends Error {
  override readonly name = "OperationFailed";

  constructor(
    message: string,
    readonly code: string,
    readonly field: string | null = null,
  ) {
    super(message);
  }
}

/** Runs a query. @throws OperationFailed */
export async function query<R, V extends AnyVariables>(
  client: Client,
  document: TypedDocumentString<R, V>,
  variables: V,
): Promise<R> {
  const result = await client.executeQuery<R, V>(toRequest(document, variables)).toPromise();
  if (result.error !== undefined) throw toFailure(result.error);
  return result.data as R;
}

/** Runs a mutation. @throws OperationFailed */
export async function mutate<R, V extends AnyVariables>(
  client: Client,
  document: TypedDocumentString<R, V>,
  variables: V,
): Promise<R> {
  const result = await client.executeMutation<R, V>(toRequest(document, variables)).toPromise();
  if (result.error !== undefined) throw toFailure(result.error);
  return result.data as R;
}

/** Subscribes to events. It continues after the last one when the connection was lost. Returns the end of it. */
export function listen<R, V extends AnyVariables>(
  client: Client,
  document: TypedDocumentString<R, V>,
  variables: V,
  handlers: { next(data: R): void; failed(error: OperationFailed): void },
): () => void {
  const source = client.executeSubscription<R, V>(toRequest(document, variables));
  const { unsubscribe } = source.subscribe(({ data, error }) => {
    if (error !== undefined) handlers.failed(toFailure(error));
    else if (data != null) handlers.next(data);
  });
  return unsubscribe;
}

/** With the hash: it runs also where the service runs trusted documents only. */
function toRequest<R, V extends AnyVariables>(document: TypedDocumentString<R, V>, variables: V) {
  const sha256Hash: string = document.__meta__?.hash ?? "";
  return createRequest<R, V>(document.toString(), variables, { persistedQuery: { version: 1, sha256Hash } });
}

function toFailure(error: CombinedError): OperationFailed {
  const [first] = error.graphQLErrors;
  if (first !== undefined) {
    const { code = "", field } = first.extensions;
    return new OperationFailed(first.message, String(code), typeof field === "string" ? field : null);
  }
  return new OperationFailed("The service cannot be reached.", "NETWORK");
}
