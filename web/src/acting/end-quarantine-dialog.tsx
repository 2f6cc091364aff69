import { useState } from "react";
import { ReleaseBuildDocument } from "../gql/graphql";
import { ReasonField } from "../ui/controls/reason-field";
import { Dialog } from "../ui/dialogs/dialog";
import { useToast } from "../ui/dialogs/toasts";
import { shortSha } from "../ui/text/format";
import type { QuarantinedBuild } from "./quarantine-dialog";
import { useMutation } from "./use-mutation";

interface EndQuarantineDialogProps {
  readonly build: QuarantinedBuild;
  onClose(): void;
}

/** Ends all quarantines of a build. */
export default function EndQuarantineDialog({ build, onClose }: EndQuarantineDialogProps) {
  const showToast = useToast();
  const [reason, setReason] = useState("");
  const sha = shortSha(build.commit.sha);
  const { run, busy, error } = useMutation(ReleaseBuildDocument, () => {
    showToast(`${sha} is no longer quarantined.`);
    onClose();
  });
  return (
    <Dialog
      title={`End the quarantine of ${sha}`}
      action="End the quarantine"
      disabled={reason.trim() === ""}
      busy={busy}
      error={error}
      onSubmit={() => run({ input: { build: build.id, reason: reason.trim() } })}
      onClose={onClose}
    >
      <p>Promotions that wait only for this start at once.</p>
      <ReasonField value={reason} onChange={setReason} />
    </Dialog>
  );
}
