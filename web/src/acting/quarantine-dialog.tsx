import { useState } from "react";
import { QuarantineBuildDocument, type Stage } from "../gql/graphql";
import fields from "../ui/controls/fields.module.css";
import { ReasonField } from "../ui/controls/reason-field";
import { Dialog } from "../ui/dialogs/dialog";
import { useToast } from "../ui/dialogs/toasts";
import { firstLine, STAGE_NAMES, shortSha } from "../ui/text/format";
import styles from "./acting.module.css";
import { useIdempotencyKey, useMutation } from "./use-mutation";

/** A build, as far as a quarantine needs it. */
export interface QuarantinedBuild {
  readonly id: string;
  readonly commit: { readonly sha: string; readonly message: string | null };
}

interface QuarantineDialogProps {
  readonly build: QuarantinedBuild;
  /** The stage that is selected at first. */
  readonly fromStage: Stage;
  onClose(): void;
}

/** Keeps a build out of a stage and all later ones. */
export default function QuarantineDialog({ build, fromStage, onClose }: QuarantineDialogProps) {
  const showToast = useToast();
  const keyFor = useIdempotencyKey();
  const [stage, setStage] = useState(fromStage);
  const [reason, setReason] = useState("");
  const sha = shortSha(build.commit.sha);
  const { run, busy, error } = useMutation(QuarantineBuildDocument, () => {
    showToast(`${sha} is quarantined.`);
    onClose();
  });
  const submit = () => {
    const input = { build: build.id, fromStage: stage, reason: reason.trim() };
    run({ input: { ...input, idempotencyKey: keyFor(input) } });
  };
  return (
    <Dialog
      title={`Quarantine ${sha}`}
      action="Quarantine"
      danger
      disabled={reason.trim() === ""}
      busy={busy}
      error={error}
      onSubmit={submit}
      onClose={onClose}
    >
      <p>{firstLine(build.commit.message)}</p>
      <label className={fields.field}>
        <span>First stage that the build must not go to</span>
        <select value={stage} onChange={(event) => setStage(event.target.value as Stage)}>
          {Object.entries(STAGE_NAMES).map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <ReasonField value={reason} onChange={setReason} />
      <p className={styles.note}>
        The build is not promoted, released or deployed to that stage or a later one until an administrator ends the
        quarantine. What runs now stays.
      </p>
    </Dialog>
  );
}
