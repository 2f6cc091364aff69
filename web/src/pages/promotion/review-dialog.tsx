import { useState } from "react";
import { BlockerList } from "../../acting/blocker-list";
import { useMutation } from "../../acting/use-mutation";
import { ReviewForcedPromotionDocument } from "../../gql/graphql";
import { ReasonField } from "../../ui/controls/reason-field";
import { Dialog } from "../../ui/dialogs/dialog";
import { useToast } from "../../ui/dialogs/toasts";
import type { PagePromotion } from "./promotion-page";

/** Records that another person looked at the use of force. */
export default function ReviewDialog({ promotion, onClose }: { readonly promotion: PagePromotion; onClose(): void }) {
  const showToast = useToast();
  const [comment, setComment] = useState("");
  const { run, busy, error } = useMutation(ReviewForcedPromotionDocument, () => {
    showToast("Your review is recorded.");
    onClose();
  });
  return (
    <Dialog
      title="Review the use of force"
      action="Record the review"
      disabled={comment.trim() === ""}
      busy={busy}
      error={error}
      onSubmit={() => run({ input: { promotion: promotion.id, comment: comment.trim() } })}
      onClose={onClose}
    >
      <p>
        {promotion.createdBy.person ?? promotion.createdBy.name} went past this: {promotion.reason}
      </p>
      <BlockerList blockers={promotion.forcedPast} past />
      <ReasonField label="What you found" value={comment} onChange={setComment} />
    </Dialog>
  );
}
