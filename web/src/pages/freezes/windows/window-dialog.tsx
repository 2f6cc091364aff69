import { useId, useState } from "react";
import { useIdempotencyKey, useMutation } from "../../../acting/use-mutation";
import {
  CreateDeploymentWindowDocument,
  UpdateDeploymentWindowDocument,
  type WindowKind,
  type WindowRowFragment,
} from "../../../gql/graphql";
import { useHasRole } from "../../../session/session";
import { Button } from "../../../ui/controls/button";
import fields from "../../../ui/controls/fields.module.css";
import { TextField } from "../../../ui/controls/text-field";
import { Dialog } from "../../../ui/dialogs/dialog";
import { useToast } from "../../../ui/dialogs/toasts";
import { ScopeFields } from "../scope-fields";
import { WeekdayFields } from "./weekday-fields";
import { createDraft, toDraft, toInput, type WindowDraft } from "./window-draft";

interface WindowDialogProps {
  /** The window to change; null for a new one. */
  readonly window: WindowRowFragment | null;
  onDelete(): void;
  onClose(): void;
}

/** The fields that show their own errors. An error of another field is shown below the dialog. */
const SHOWN = [
  ...["name", "timeZone", "recurrence", "startDate", "endDate", "startTime", "endTime", "message"],
  ...["scope.pipelines", "scope.apps"],
];

/** Creates a deployment window, or changes one. */
export function WindowDialog({ window, onDelete, onClose }: WindowDialogProps) {
  const showToast = useToast();
  const keyFor = useIdempotencyKey();
  const mayDelete = useHasRole("ADMIN");
  const zones = useId();
  const [draft, setDraft] = useState<WindowDraft>(() => (window === null ? createDraft() : toDraft(window)));
  const set = (change: Partial<WindowDraft>) => setDraft((before) => ({ ...before, ...change }));
  const done = () => {
    showToast(`The window ${draft.name.trim()} applies now.`);
    onClose();
  };
  const creation = useMutation(CreateDeploymentWindowDocument, done);
  const change = useMutation(UpdateDeploymentWindowDocument, done);
  const { busy, error, field } = window === null ? creation : change;
  const findError = (path: string) => (field === path || field?.startsWith(`${path}.`) ? error : null);
  const submit = () => {
    const input = toInput(draft);
    if (window === null) creation.run({ input: { ...input, idempotencyKey: keyFor(input) } });
    else change.run({ input: { window: window.id, ...input } });
  };
  const text = (name: Exclude<keyof WindowDraft, "kind" | "scope">, label: string) => ({
    ...{ label, value: draft[name], error: findError(name) },
    onChange: (value: string) => set({ [name]: value }),
  });
  return (
    <Dialog
      title={window === null ? "Create a deployment window" : `Change the window ${window.name}`}
      action={window === null ? "Create the window" : "Change the window"}
      disabled={draft.name.trim() === "" || draft.startTime === "" || draft.endTime === ""}
      busy={busy}
      error={SHOWN.some((path) => findError(path) !== null) ? null : error}
      onSubmit={submit}
      onClose={onClose}
    >
      <TextField {...text("name", "Name")} required maxLength={63} />
      <label className={fields.field}>
        <span>Deployments may begin</span>
        <select value={draft.kind} onChange={(event) => set({ kind: event.target.value as WindowKind })}>
          <option value="DENY">not during the window</option>
          <option value="ALLOW">only during the window</option>
        </select>
      </label>
      <div className={fields.row}>
        <TextField {...text("startTime", "From")} type="time" required />
        <TextField {...text("endTime", "Until; on the next day if not later")} type="time" required />
      </div>
      <TextField {...text("timeZone", "Time zone")} required list={zones} />
      <datalist id={zones}>
        {Intl.supportedValuesOf("timeZone").map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
      <WeekdayFields recurrence={draft.recurrence} onChange={(recurrence) => set({ recurrence })} />
      <TextField {...text("recurrence", "Days as a recurrence rule (RFC 5545); every day if empty")} />
      <div className={fields.row}>
        <TextField {...text("startDate", "First day; today if empty")} type="date" />
        <TextField {...text("endDate", "Last day; none if empty")} type="date" />
      </div>
      <ScopeFields scope={draft.scope} findError={findError} onChange={(scope) => set({ scope })} />
      <TextField {...text("message", "What people see while it blocks them")} maxLength={1024} />
      {window !== null && mayDelete && (
        <div>
          <Button kind="plain" onClick={onDelete}>
            Delete the window
          </Button>
        </div>
      )}
    </Dialog>
  );
}
