import { useEffect, useState } from "react";
import { type OperationFailed, query } from "../api/operations";
import { type PreviewFragment, type PromoteInput, PromotionPreviewDocument } from "../gql/graphql";
import { useClient } from "../session/session";

export interface PreviewResult {
  /** Null until the first answer. While a newer one is asked for, the one before. */
  readonly plan: PreviewFragment | null;
  /** The input that `plan` answers. */
  readonly input: PromoteInput | null;
  readonly error: OperationFailed | null;
}

/**
 * What a promotion would do, asked again whenever its input or the board changes.
 *
 * @param input null asks nothing. Inputs with the same content are the same.
 */
export function usePreview(input: PromoteInput | null, revision: number): PreviewResult {
  const client = useClient();
  const [result, setResult] = useState<PreviewResult>({ plan: null, input: null, error: null });
  // A changed board is another request for the same input.
  const request = input === null ? null : JSON.stringify({ input, revision });

  useEffect(() => {
    if (request === null) return;
    let current = true;
    const { input: asked } = JSON.parse(request) as { input: PromoteInput };
    query(client, PromotionPreviewDocument, { input: asked }).then(
      ({ promotionPlan }) => current && setResult({ plan: promotionPlan, input: asked, error: null }),
      (error: OperationFailed) => current && setResult((before) => ({ ...before, error })),
    );
    return () => {
      current = false;
    };
  }, [client, request]);

  return result;
}
