import { useState } from "react";
import { useIdempotencyKey, useMutation } from "../acting/use-mutation";
import { now } from "../api/clock";
import { type FreezeRowFragment, LiftFreezeDocument, type Stage, StartFreezeDocument } from "../gql/graphql";
import { Dialog } from "../ui/dialog";
import fields from "../ui/fields.module.css";
import { STAGE_NAMES } from "../ui/format";
import { useToast } from "../ui/toasts";

const HOUR_MS = 3_600_000;
const LENGTHS = [
  ["1", "an hour"],
  ["4", "4 hours"],
  ["24", "a day"],
  ["168", "a week"],
  ["", "until it is lifted"],
] as const;

/** @param pipeline what the freeze covers at first; everything if omitted */
export function StartFreezeDialog({ pipeline = "", onClose }: { readonly pipeline?: string; onClose(): void }) {
  const showToast = useToast();
  const keyFor = useIdempotencyKey();
  const [reason, setReason] = useState("");
  const [incident, setIncident] = useState("");
  const [pipelines, setPipelines] = useState(pipeline);
  const [stages, setStages] = useState<ReadonlySet<Stage>>(new Set(["PRODUCTION"]));
  const [hours, setHours] = useState("4");
  const [hard, setHard] = useState(false);
  // Fixed when the dialog opens, so that a repeat is the same request.
  const [openedAt] = useState(now);
  const { run, busy, error } = useMutation(StartFreezeDocument, () => {
    showToast("The freeze has started.");
    onClose();
  });
  const submit = () => {
    const names = pipelines.split(/[\s,]+/).filter((name) => name !== "");
    const input = {
      reason: reason.trim(),
      ...(incident.trim() !== "" && { incidentUrl: incident.trim() }),
      scope: { pipelines: names, stages: [...stages], apps: [] },
      ...(hours === ""
        ? { untilLifted: true }
        : { endsAt: new Date(openedAt + Number(hours) * HOUR_MS).toISOString() }),
      hard,
    };
    run({ input: { ...input, idempotencyKey: keyFor(input) } });
  };
  const toggle = (stage: Stage) => {
    const next = new Set(stages);
    if (!next.delete(stage)) next.add(stage);
    setStages(next);
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
      <label className={fields.field}>
        <span>Pipelines, separated by commas; all if empty</span>
        <input value={pipelines} autoComplete="off" onChange={(event) => setPipelines(event.target.value)} />
      </label>
      <fieldset className={fields.group}>
        <legend className={fields.legend}>Stages; all if none is selected</legend>
        {(Object.entries(STAGE_NAMES) as [Stage, string][]).map(([stage, name]) => (
          <label key={stage} className={fields.check}>
            <input type="checkbox" checked={stages.has(stage)} onChange={() => toggle(stage)} />
            {name}
          </label>
        ))}
      </fieldset>
      <label className={fields.field}>
        <span>For</span>
        <select value={hours} onChange={(event) => setHours(event.target.value)}>
          {LENGTHS.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
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

export function LiftFreezeDialog({ freeze, onClose }: { readonly freeze: FreezeRowFragment; onClose(): void }) {
  const showToast = useToast();
  const [reason, setReason] = useState("");
  const { run, busy, error } = useMutation(LiftFreezeDocument, () => {
    showToast("The freeze was lifted.");
    onClose();
  });
  return (
    <Dialog
      title={`Lift the freeze: ${freeze.reason}`}
      action="Lift the freeze"
      disabled={reason.trim() === ""}
      busy={busy}
      error={error}
      onSubmit={() => run({ input: { freeze: freeze.id, reason: reason.trim() } })}
      onClose={onClose}
    >
      <label className={fields.field}>
        <span>Reason</span>
        <input value={reason} required maxLength={1024} onChange={(event) => setReason(event.target.value)} />
      </label>
    </Dialog>
  );
}
