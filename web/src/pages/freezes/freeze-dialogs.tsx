import { useEffect, useState } from "react";
import { useMutation } from "../../acting/use-mutation";
import { now } from "../../api/clock";
import { query } from "../../api/operations";
import {
  ExemptFromFreezeDocument,
  ExtendFreezeDocument,
  type FreezeRowFragment,
  LiftFreezeDocument,
  RecentBuildsDocument,
  type RecentBuildsQuery,
} from "../../gql/graphql";
import { useClient } from "../../session/session";
import fields from "../../ui/controls/fields.module.css";
import { Dialog } from "../../ui/dialogs/dialog";
import { useToast } from "../../ui/dialogs/toasts";
import { firstLine, formatTime, shortSha } from "../../ui/text/format";
import { HOUR_MS, LengthField } from "./length-field";

interface FreezeDialogProps {
  readonly freeze: FreezeRowFragment;
  onClose(): void;
}

export function LiftFreezeDialog({ freeze, onClose }: FreezeDialogProps) {
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

interface ExtendFreezeDialogProps extends FreezeDialogProps {
  /** Whether the end may also come earlier. */
  readonly mayShorten: boolean;
}

/** Moves the end of a freeze. */
export function ExtendFreezeDialog({ freeze, mayShorten, onClose }: ExtendFreezeDialogProps) {
  const showToast = useToast();
  const [hours, setHours] = useState("4");
  const [openedAt] = useState(now);
  const from = Math.max(openedAt, Date.parse(freeze.startsAt));
  const end = hours === "" ? null : new Date(from + Number(hours) * HOUR_MS);
  const isEarlier = end !== null && (freeze.endsAt === null || end.getTime() < Date.parse(freeze.endsAt));
  const { run, busy, error } = useMutation(ExtendFreezeDocument, () => {
    showToast("The end of the freeze was moved.");
    onClose();
  });
  return (
    <Dialog
      title={`Move the end of the freeze: ${freeze.reason}`}
      action="Move the end"
      disabled={isEarlier && !mayShorten}
      busy={busy}
      error={error}
      onSubmit={() =>
        run({
          input: { freeze: freeze.id, ...(end === null ? { untilLifted: true } : { endsAt: end.toISOString() }) },
        })
      }
      onClose={onClose}
    >
      <p>
        It ends {freeze.endsAt === null ? "when it is lifted" : `on ${formatTime(freeze.endsAt)}`}
        {end !== null && `, then on ${formatTime(end)}`}
        {end === null && ", then when it is lifted"}.
      </p>
      <LengthField label="From now on for" value={hours} onChange={setHours} />
      {isEarlier && !mayShorten && (
        <p>Only who started the freeze, or an administrator, may end it earlier. Choose a longer time.</p>
      )}
    </Dialog>
  );
}

/** Lets an app or a build through a freeze. */
export function ExemptDialog({ freeze, onClose }: FreezeDialogProps) {
  const client = useClient();
  const showToast = useToast();
  const [app, setApp] = useState("");
  const [build, setBuild] = useState("");
  const [reason, setReason] = useState("");
  const [hours, setHours] = useState("4");
  const [builds, setBuilds] = useState<RecentBuildsQuery["builds"]["nodes"]>([]);
  const [openedAt] = useState(now);
  const { run, busy, error } = useMutation(ExemptFromFreezeDocument, () => {
    showToast("It is let through the freeze.");
    onClose();
  });

  useEffect(() => {
    let current = true;
    // Without the list, apps can still be let through.
    query(client, RecentBuildsDocument, {}).then(
      ({ builds }) => current && setBuilds(builds.nodes.filter(({ phase }) => phase === "SUCCEEDED")),
      () => undefined,
    );
    return () => {
      current = false;
    };
  }, [client]);

  const name = app.trim();
  return (
    <Dialog
      title={`Let something through the freeze: ${freeze.reason}`}
      action="Let it through"
      disabled={reason.trim() === "" || (name === "") === (build === "")}
      busy={busy}
      error={error}
      onSubmit={() =>
        run({
          input: {
            freeze: freeze.id,
            ...(build === "" ? { app: name } : { build }),
            reason: reason.trim(),
            expiresAt: new Date(openedAt + Number(hours) * HOUR_MS).toISOString(),
          },
        })
      }
      onClose={onClose}
    >
      <label className={fields.field}>
        <span>App, to which anything may be deployed</span>
        <input
          value={app}
          autoComplete="off"
          disabled={build !== ""}
          onChange={(event) => setApp(event.target.value)}
        />
      </label>
      <label className={fields.field}>
        <span>Or a build, which may be deployed anywhere</span>
        <select value={build} disabled={name !== ""} onChange={(event) => setBuild(event.target.value)}>
          <option value="">None</option>
          {builds.map(({ id, repository, commit }) => (
            <option key={id} value={id}>
              {shortSha(commit.sha)} {firstLine(commit.message)} ({repository})
            </option>
          ))}
        </select>
      </label>
      <LengthField label="For" value={hours} bounded onChange={setHours} />
      <label className={fields.field}>
        <span>Reason</span>
        <input value={reason} required maxLength={1024} onChange={(event) => setReason(event.target.value)} />
      </label>
    </Dialog>
  );
}
