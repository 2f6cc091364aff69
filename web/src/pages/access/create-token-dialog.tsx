import { useState } from "react";
import { useMutation } from "../../acting/use-mutation";
import { CreateTokenDocument, type Role } from "../../gql/graphql";
import fields from "../../ui/controls/fields.module.css";
import { Dialog } from "../../ui/dialogs/dialog";
import page from "../../ui/page.module.css";

const ROLES: readonly (readonly [Role, string])[] = [
  ["VIEWER", "reads everything"],
  ["REPORTER", "also registers builds and reports checks and deployments"],
  ["OPERATOR", "also promotes, releases and rolls back"],
  ["ADMIN", "everything"],
];

/** Creates a token, and shows its secret once. */
export function CreateTokenDialog({ onClose }: { onClose(): void }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("VIEWER");
  const [expires, setExpires] = useState("");
  const [pipelines, setPipelines] = useState("");
  const [secret, setSecret] = useState<string | null>(null);
  const { run, busy, error } = useMutation(CreateTokenDocument, ({ createToken }) => {
    setSecret(createToken?.secret ?? "");
  });
  const submit = () => {
    const names = pipelines.split(/[\s,]+/).filter((one) => one !== "");
    run({
      input: {
        name: name.trim(),
        role,
        ...(expires !== "" && { expiresAt: new Date(`${expires}T23:59:59`).toISOString() }),
        ...(names.length > 0 && { pipelines: names }),
      },
    });
  };

  if (secret !== null) {
    return (
      <Dialog title={`The token of ${name.trim()}`} action={null} cancel="Done" onClose={onClose}>
        <label className={fields.field}>
          <span>Secret</span>
          <input readOnly value={secret} onFocus={(event) => event.target.select()} />
        </label>
        <p className={page.muted}>It is shown only now. Store it safely.</p>
      </Dialog>
    );
  }
  return (
    <Dialog
      title="Create a token"
      action="Create token"
      disabled={name.trim() === ""}
      busy={busy}
      error={error}
      onSubmit={submit}
      onClose={onClose}
    >
      <label className={fields.field}>
        <span>Name</span>
        <input value={name} required autoComplete="off" onChange={(event) => setName(event.target.value)} />
      </label>
      <label className={fields.field}>
        <span>Role</span>
        <select value={role} onChange={(event) => setRole(event.target.value as Role)}>
          {ROLES.map(([value, about]) => (
            <option key={value} value={value}>
              {value.toLowerCase()}: {about}
            </option>
          ))}
        </select>
      </label>
      <label className={fields.field}>
        <span>Only these pipelines, separated by commas; all if empty</span>
        <input value={pipelines} autoComplete="off" onChange={(event) => setPipelines(event.target.value)} />
      </label>
      <label className={fields.field}>
        <span>Last day; forever if empty</span>
        <input type="date" value={expires} onChange={(event) => setExpires(event.target.value)} />
      </label>
    </Dialog>
  );
}
