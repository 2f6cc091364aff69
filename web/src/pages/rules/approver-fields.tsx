import type { ApprovalRuleRowFragment, ApproverInput, Role } from "../../gql/graphql";
import { Button, IconButton } from "../../ui/controls/button";
import fields from "../../ui/controls/fields.module.css";
import styles from "./rules.module.css";

export interface ApproverDraft {
  /** Tells the rows of the form apart. */
  readonly key: number;
  readonly kind: "role" | "group" | "person";
  readonly value: string;
  readonly atLeast: number;
}

const ROLES: readonly Role[] = ["VIEWER", "REPORTER", "OPERATOR", "ADMIN"];

export function fromApprover(approver: ApprovalRuleRowFragment["approvers"][number], key: number): ApproverDraft {
  const { role, group, person, atLeast } = approver;
  const kind = role !== null ? "role" : group !== null ? "group" : "person";
  return { key, kind, value: role ?? group ?? person ?? "", atLeast };
}

export function toApproverInput({ kind, value, atLeast }: ApproverDraft): ApproverInput {
  if (kind === "role") return { role: value as Role, atLeast };
  return { [kind]: value.trim(), atLeast };
}

interface ApproverFieldsProps {
  readonly approvers: readonly ApproverDraft[];
  onChange(approvers: readonly ApproverDraft[]): void;
}

/** Who may approve: one row each. */
export function ApproverFields({ approvers, onChange }: ApproverFieldsProps) {
  const set = (key: number, change: Partial<ApproverDraft>) =>
    onChange(approvers.map((one) => (one.key === key ? { ...one, ...change } : one)));
  const add = () => {
    const key = Math.max(...approvers.map((one) => one.key)) + 1;
    onChange([...approvers, { key, kind: "group", value: "", atLeast: 0 }]);
  };
  return (
    <fieldset className={styles.approvers}>
      <legend className={fields.legend}>Who may approve</legend>
      {approvers.map(({ key, kind, value, atLeast }, index) => (
        <div key={key} className={styles.approver}>
          <select
            aria-label={`Kind of approver ${index + 1}`}
            value={kind}
            onChange={({ target }) => {
              const next = target.value as ApproverDraft["kind"];
              set(key, { kind: next, value: next === "role" ? "OPERATOR" : "" });
            }}
          >
            <option value="role">Everybody with the role</option>
            <option value="group">Everybody in the group</option>
            <option value="person">The person</option>
          </select>
          {kind === "role" ? (
            <select
              aria-label={`Role of approver ${index + 1}`}
              value={value}
              onChange={({ target }) => set(key, { value: target.value })}
            >
              {ROLES.map((role) => (
                <option key={role} value={role}>
                  {role.toLowerCase()}
                </option>
              ))}
            </select>
          ) : (
            <input
              aria-label={`Name of approver ${index + 1}`}
              value={value}
              required
              autoComplete="off"
              onChange={({ target }) => set(key, { value: target.value })}
            />
          )}
          <label className={styles.least}>
            at least{" "}
            <input
              type="number"
              min={0}
              max={10}
              aria-label={`Approvals that must come from approver ${index + 1} at least`}
              value={atLeast}
              onChange={({ target }) => set(key, { atLeast: Number(target.value) })}
            />
          </label>
          {approvers.length > 1 && (
            <IconButton
              icon="close"
              label={`Remove approver ${index + 1}`}
              onClick={() => onChange(approvers.filter((one) => one.key !== key))}
            />
          )}
        </div>
      ))}
      <div>
        <Button kind="plain" onClick={add}>
          Add approvers
        </Button>
      </div>
    </fieldset>
  );
}
