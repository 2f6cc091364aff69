import { useState } from "react";
import { useNavigate } from "react-router";
import acting from "../../acting/acting.module.css";
import { useIdempotencyKey, useMutation } from "../../acting/use-mutation";
import { UndoPromotionDocument } from "../../gql/graphql";
import fields from "../../ui/controls/fields.module.css";
import { ReasonField } from "../../ui/controls/reason-field";
import { Dialog } from "../../ui/dialogs/dialog";
import { useToast } from "../../ui/dialogs/toasts";
import type { PagePromotion, PageTarget } from "./promotion-page";

/** Takes the targets of a promotion back to what they ran before. */
export default function UndoDialog({ promotion, onClose }: { readonly promotion: PagePromotion; onClose(): void }) {
  const showToast = useToast();
  const navigate = useNavigate();
  const keyFor = useIdempotencyKey();
  const [reason, setReason] = useState("");
  const [skipMovedOn, setSkipMovedOn] = useState(false);
  const deployed = promotion.targets.filter(({ release, phase }) => release !== null && phase !== "FAILED");
  const moved = deployed.filter((target) => !runsIt(target));
  const { run, busy, error } = useMutation(UndoPromotionDocument, ({ undoPromotion }) => {
    showToast("The promotion is undone.");
    if (undoPromotion != null) void navigate(`/promotions/${undoPromotion.promotion.id}`);
    onClose();
  });
  const submit = () => {
    const input = { promotion: promotion.id, reason: reason.trim(), skipMovedOn };
    run({ input: { ...input, idempotencyKey: keyFor(input) } });
  };
  return (
    <Dialog
      title="Undo the promotion"
      action="Undo"
      danger
      disabled={reason.trim() === "" || moved.length === deployed.length || (moved.length > 0 && !skipMovedOn)}
      busy={busy}
      error={error}
      onSubmit={submit}
      onClose={onClose}
    >
      <section className={acting.targets} aria-label="Targets">
        <div className={acting.list}>
          {deployed.map((target) => (
            <div key={target.id}>
              <span className={acting.name}>{target.app?.name ?? "a deleted app"}</span>
              <span className={acting.change}>
                {runsIt(target)
                  ? `v${target.release?.version} → what it ran before`
                  : `moved on to v${target.app?.currentRelease?.version ?? "?"}`}
              </span>
            </div>
          ))}
        </div>
      </section>
      {moved.length > 0 && (
        <label className={fields.check}>
          <input type="checkbox" checked={skipMovedOn} onChange={(event) => setSkipMovedOn(event.target.checked)} />
          Leave out those that have moved on
        </label>
      )}
      <p className={acting.note}>
        Going back is never held by a gate. Automatic deploys of these apps are held afterwards.
      </p>
      <ReasonField label="Reason" value={reason} onChange={setReason} />
    </Dialog>
  );
}

function runsIt({ app, release }: PageTarget): boolean {
  return release !== null && app?.currentRelease?.id === release.id;
}
