import { useEffect, useState } from "react";
import { query } from "../api/operations";
import { RollbackChoicesDocument, type RollbackChoicesQuery, RollbackDocument } from "../gql/graphql";
import { useClient } from "../session/session";
import fields from "../ui/controls/fields.module.css";
import { Dialog } from "../ui/dialogs/dialog";
import { useToast } from "../ui/dialogs/toasts";
import { Age } from "../ui/text/age";
import { firstLine, shortSha } from "../ui/text/format";
import styles from "./acting.module.css";
import { useIdempotencyKey, useMutation } from "./use-mutation";

type App = NonNullable<RollbackChoicesQuery["app"]>;
type Choice = App["releases"]["nodes"][number];

interface RollbackDialogProps {
  readonly app: { readonly id: string; readonly name: string };
  /** The release that is selected at first; the service's choice if omitted. */
  readonly release?: string | undefined;
  onClose(): void;
}

/** What an app can go back to, and the button that does it. Going back is never held by a gate. */
export default function RollbackDialog({ app: { id, name }, release, onClose }: RollbackDialogProps) {
  const client = useClient();
  const showToast = useToast();
  const keyFor = useIdempotencyKey();
  const [app, setApp] = useState<App | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [selected, setSelected] = useState(release ?? "");
  const [reason, setReason] = useState("");

  useEffect(() => {
    let current = true;
    query(client, RollbackChoicesDocument, { app: id }).then(
      (data) => {
        if (!current) return;
        if (data.app === null) setFailure("The app was deleted.");
        else setApp(data.app);
      },
      (error: Error) => current && setFailure(error.message),
    );
    return () => {
      current = false;
    };
  }, [client, id]);

  const rollback = useMutation(RollbackDocument, ({ rollback }) => {
    if (rollback != null) showToast(`${name} goes back with v${rollback.release.version}.`);
    onClose();
  });
  const submit = () => {
    const input = {
      app: id,
      ...(selected !== "" && { release: selected }),
      ...(reason.trim() !== "" && { reason: reason.trim() }),
    };
    rollback.run({ input: { ...input, idempotencyKey: keyFor(input) } });
  };

  const choices = app === null ? [] : listChoices(app);
  return (
    <Dialog
      title={`Roll back ${name}`}
      action="Roll back"
      danger
      disabled={choices.length === 0}
      busy={rollback.busy}
      error={rollback.error ?? failure}
      onSubmit={submit}
      onClose={onClose}
    >
      {app === null ? (
        failure === null && <p role="status">Loading …</p>
      ) : choices.length === 0 ? (
        <p>{name} has no earlier build that succeeded.</p>
      ) : (
        <>
          {app.currentRelease !== null && (
            <p className={styles.note}>
              It runs v{app.currentRelease.version}, <code>{shortSha(app.currentRelease.build.commit.sha)}</code>{" "}
              {firstLine(app.currentRelease.build.commit.message)}
            </p>
          )}
          <fieldset className={styles.targets}>
            <legend className="visually-hidden">Go back to</legend>
            <div className={styles.list}>
              {choices.some((one) => one.id === release) || (
                <label>
                  <input type="radio" name="release" checked={selected === ""} onChange={() => setSelected("")} />
                  <span className={styles.name}>The last good build</span>
                  <span className={styles.about}>The newest one that was not rolled back from</span>
                </label>
              )}
              {choices.map(({ id, version, build, updatedAt }) => (
                <label key={id}>
                  <input type="radio" name="release" checked={selected === id} onChange={() => setSelected(id)} />
                  <span className={styles.name}>
                    v{version} <code>{shortSha(build.commit.sha)}</code>
                  </span>
                  <span className={styles.change}>
                    <Age time={updatedAt} />
                  </span>
                  <span className={styles.about}>{firstLine(build.commit.message)}</span>
                </label>
              ))}
            </div>
          </fieldset>
          <label className={fields.field}>
            <span>Reason</span>
            <input value={reason} maxLength={1024} onChange={(event) => setReason(event.target.value)} />
          </label>
          {app.coupling?.autoDeploy && (
            <p className={styles.note}>Automatic deploys of the app are held until it is released or promoted again.</p>
          )}
        </>
      )}
    </Dialog>
  );
}

/** The newest release of each build that succeeded, apart from what runs now. */
function listChoices(app: App): Choice[] {
  const builds = new Set([app.currentRelease?.build.id]);
  return app.releases.nodes.filter(({ phase, build }) => {
    if (phase !== "SUCCEEDED" || builds.has(build.id)) return false;
    builds.add(build.id);
    return true;
  });
}
