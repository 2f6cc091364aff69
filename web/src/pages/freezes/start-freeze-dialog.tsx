import { useState } from "react";
import { useIdempotencyKey, useMutation } from "../../acting/use-mutation";
import { now } from "../../api/clock";
import { StartFreezeDocument } from "../../gql/graphql";
import fields from "../../ui/controls/fields.module.css";
import { Dialog } from "../../ui/dialogs/dialog";
import { useToast } from "../../ui/dialogs/toasts";
import { HOUR_MS, LengthField } from "./length-field";
import { type ScopeDraft, ScopeFields, toScopeInput } from "./scope-fields";

/** @param pipeline what the freeze covers at first; everything if omitted */
export default function StartFreezeDialog({ pipeline = "", onClose }: { readonly pipeline?: string; onClose(): void }) {
  const showToast = useToast();
  const keyFor = useIdempotencyKey();
  const [reason, setReason] = useState("");
  const [incident, setIncident] = useState("");
  const [scope, setScope] = useState<ScopeDraft>({ pipelines: pipeline, apps: "", stages: new Set(["PRODUCTION"]) });
  const [begins, setBegins] = useState("");
  const [hours, setHours] = useState("4");
  const [hard, setHard] = useState(false);
  // Fixed when the dialog opens, so that a repeat is the same request.
  const [openedAt] = useState(now);
  const { run, busy, error } = useMutation(StartFreezeDocument, () => {
    showToast(begins === "" ? "The freeze has started." : "The freeze is planned.");
    onClose();
  });
  const submit = () => {
    const startsAt = begins === "" ? openedAt : Date.parse(begins);
    const input = {
      reason: reason.trim(),
      ...(incident.trim() !== "" && { incidentUrl: incident.trim() }),
      scope: toScopeInput(scope),
      ...(begins !== "" && { startsAt: new Date(startsAt).toISOString() }),
      ...(hours === ""
        ? { untilLifted: true }
        : { endsAt: new Date(startsAt + Number(hours) * HOUR_MS).toISOString() }),
      hard,
    };
    run({ input: { ...input, idempotencyKey: keyFor(input) } });
  };
  return (
    <Dialog
      title="Start a freeze"
      action="Start the freeze"
      disabled={reason.trim() === ""}
      busy={busy}
      error={error}
      onSubmit={submit}
      onClose={onClose}
    >
      <label className={fields.field}>
        <span>Reason</span>
        <input value={reason} required maxLength={1024} onChange={(event) => setReason(event.target.value)} />
      </label>
      <ScopeFields scope={scope} onChange={setScope} />
      <div className={fields.row}>
        <label className={fields.field}>
          <span>Begins; now if empty</span>
          <input type="datetime-local" value={begins} onChange={(event) => setBegins(event.target.value)} />
        </label>
        <LengthField label="For" value={hours} onChange={setHours} />
      </div>
      <label className={fields.field}>
        <span>URL of the incident</span>
        <input type="url" value={incident} onChange={(event) => setIncident(event.target.value)} />
      </label>
      <label className={fields.check}>
        <input type="checkbox" checked={hard} onChange={(event) => setHard(event.target.checked)} />
        Force does not pass it either
      </label>
    </Dialog>
  );
}
