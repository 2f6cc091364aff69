import { useMemo, useState } from "react";
import type { PreviewFragment, PromoteInput, Stage } from "../gql/graphql";
import { PromoteDocument } from "../gql/graphql";
import { QuarantineNotes } from "../rollouts/quarantines";
import { useHasRole } from "../session/session";
import fields from "../ui/controls/fields.module.css";
import { Dialog } from "../ui/dialogs/dialog";
import { useToast } from "../ui/dialogs/toasts";
import { count, firstLine, STAGE_NAMES, shortSha } from "../ui/text/format";
import styles from "./acting.module.css";
import { BlockerList } from "./blocker-list";
import { TargetList } from "./target-list";
import { useIdempotencyKey, useMutation } from "./use-mutation";
import { usePreview } from "./use-preview";

/** What to promote: an app's release, or whatever the first app of a stage runs. */
export type PromotionSource = { readonly app: string } | { readonly pipeline: string; readonly stage: Stage };

interface PromoteDialogProps {
  readonly source: PromotionSource;
  /** Increases with every change of the board: the plan is asked for again. */
  readonly revision: number;
  onClose(): void;
}

/** A promotion's plan: what goes where, what holds it back, and the button that starts it. */
export default function PromoteDialog({ source, revision, onClose }: PromoteDialogProps) {
  const showToast = useToast();
  const isAdmin = useHasRole("ADMIN");
  const keyFor = useIdempotencyKey();
  /** Null selects all that do not run the build yet. */
  const [selected, setSelected] = useState<ReadonlySet<string> | null>(null);
  const [forced, setForced] = useState(false);
  const [reason, setReason] = useState("");

  // All targets; the first answer fixes the release, so that the person gets what the dialog shows.
  const [pinned, setPinned] = useState<PromoteInput | null>(null);
  const whole = usePreview(pinned ?? source, revision);
  if (pinned === null && whole.plan?.source != null && whole.plan.release !== null) {
    setPinned({ app: whole.plan.source.id, release: whole.plan.release.id });
  }
  const input = useMemo(() => chooseTargets(pinned, whole.plan, selected), [pinned, whole.plan, selected]);
  const chosen = usePreview(input, revision);

  const promotion = useMutation(PromoteDocument, ({ promote }) => {
    const started = promote?.promotion;
    if (started != null) {
      const word = started.phase === "WAITING" ? "waits" : "started";
      showToast(`Promotion to ${STAGE_NAMES[started.to].toLowerCase()} ${word}.`, {
        to: `/promotions/${started.id}`,
        text: "Show",
      });
    }
    onClose();
  });

  const { plan } = whole;
  const target = plan?.to == null ? "the next stage" : STAGE_NAMES[plan.to].toLowerCase();
  // Until the answer for the present selection is here, the button waits for it.
  const isCurrent = input !== null && JSON.stringify(chosen.input) === JSON.stringify(input);
  const blockers = (input === null ? plan?.blockers : chosen.plan?.blockers) ?? [];
  const canForce = isAdmin && isCurrent && blockers.length > 0 && blockers.every(({ overridable }) => overridable);
  const forces = canForce && forced;
  const waits = isCurrent && !forces && chosen.plan?.promotable === false && chosen.plan.wouldWait;
  const ready = isCurrent && (forces ? reason.trim() !== "" : waits || chosen.plan?.promotable === true);
  const number = input?.targets?.length ?? 0;

  const submit = () => {
    if (input === null) return;
    const complete = {
      ...input,
      ...(forces && { force: true, reason: reason.trim() }),
      ...(waits && { whenReady: true }),
    };
    promotion.run({ input: { ...complete, idempotencyKey: keyFor(complete) } });
  };

  return (
    <Dialog
      title={plan?.source == null ? `Promote to ${target}` : `Promote ${plan.source.name} to ${target}`}
      action={
        forces
          ? "Force promotion"
          : `Promote${number > 1 ? ` to ${count(number, "app")}` : ""}${waits ? " when ready" : ""}`
      }
      danger={forces}
      disabled={!ready}
      busy={promotion.busy}
      error={promotion.error ?? chosen.error?.message ?? whole.error?.message ?? null}
      onSubmit={submit}
      onClose={onClose}
    >
      {plan === null ? (
        <p role="status">Loading …</p>
      ) : (
        <>
          {plan.release !== null && <Source plan={plan} />}
          {plan.targets.length > 0 && (
            <TargetList plan={plan} selected={new Set(input?.targets ?? [])} onSelect={setSelected} />
          )}
          <BlockerList blockers={blockers} />
          {waits && (
            <p className={styles.note}>
              It can wait: it then starts by itself as soon as nothing holds it back, within 72 hours.
            </p>
          )}
          {canForce && (
            <div className={styles.force}>
              <label className={fields.check}>
                <input type="checkbox" checked={forced} onChange={(event) => setForced(event.target.checked)} />
                Promote past what holds it back
              </label>
              {forced && (
                <label className={fields.field}>
                  <span>Reason, which is kept with the promotion</span>
                  <textarea
                    value={reason}
                    maxLength={1024}
                    required
                    onChange={(event) => setReason(event.target.value)}
                  />
                </label>
              )}
            </div>
          )}
        </>
      )}
    </Dialog>
  );
}

/** @returns null if nothing is selected, or the plan is not there yet */
function chooseTargets(
  pinned: PromoteInput | null,
  plan: PreviewFragment | null,
  selected: ReadonlySet<string> | null,
): PromoteInput | null {
  if (pinned === null || plan === null) return null;
  const targets = plan.targets
    .filter(({ app, upToDate }) => (selected === null ? !upToDate : selected.has(app.id)))
    .map(({ app }) => app.id);
  return targets.length === 0 ? null : { ...pinned, targets };
}

function Source({ plan: { release } }: { readonly plan: PreviewFragment }) {
  if (release === null) return null;
  const { sha, message, author } = release.build.commit;
  return (
    <div className={styles.source}>
      <p>
        <b>v{release.version}</b> <code>{shortSha(sha)}</code>
        {author !== null && <span className={styles.message}> by {author}</span>}
      </p>
      <p className={styles.message}>{firstLine(message)}</p>
      <QuarantineNotes quarantines={release.build.quarantines} />
    </div>
  );
}
