import { useState } from "react";
import { useIdempotencyKey, useMutation } from "../../acting/use-mutation";
import {
  type ApprovalRuleRowFragment,
  CreateApprovalRuleDocument,
  type Stage,
  UpdateApprovalRuleDocument,
} from "../../gql/graphql";
import fields from "../../ui/controls/fields.module.css";
import { Dialog } from "../../ui/dialogs/dialog";
import { useToast } from "../../ui/dialogs/toasts";
import { splitNames } from "../freezes/scope";
import { type ApproverDraft, ApproverFields, fromApprover, toApproverInput } from "./approver-fields";

interface RuleDialogProps {
  /** The id of the pipeline. */
  readonly pipeline: string;
  /** The rule to change; null for a new one. */
  readonly rule: ApprovalRuleRowFragment | null;
  onClose(): void;
}

const FIRST: ApproverDraft = { key: 0, kind: "role", value: "OPERATOR", atLeast: 0 };

/** Creates a rule that requires approvals, or changes one. */
export function RuleDialog({ pipeline, rule, onClose }: RuleDialogProps) {
  const showToast = useToast();
  const keyFor = useIdempotencyKey();
  const [name, setName] = useState(rule?.name ?? "");
  const [stage, setStage] = useState<Stage>(rule?.stage ?? "PRODUCTION");
  const [apps, setApps] = useState(rule?.apps?.map((app) => app.name).join(", ") ?? "");
  const [required, setRequired] = useState(String(rule?.required ?? 1));
  const [approvers, setApprovers] = useState<readonly ApproverDraft[]>(rule?.approvers.map(fromApprover) ?? [FIRST]);
  const [self, setSelf] = useState(rule?.allowSelfApproval ?? false);
  const [comment, setComment] = useState(rule?.commentRequired ?? false);
  const [validFor, setValidFor] = useState(rule?.validFor ?? "72h");
  const done = () => {
    showToast(`The rule ${name.trim()} applies now.`);
    onClose();
  };
  const creation = useMutation(CreateApprovalRuleDocument, done);
  const change = useMutation(UpdateApprovalRuleDocument, done);
  const { busy, error } = rule === null ? creation : change;
  const submit = () => {
    const names = splitNames(apps);
    const given = {
      name: name.trim(),
      apps: names.length === 0 ? null : names,
      required: Number(required),
      approvers: approvers.map(toApproverInput),
      allowSelfApproval: self,
      commentRequired: comment,
      validFor: validFor.trim(),
    };
    if (rule !== null) change.run({ input: { rule: rule.id, ...given } });
    else {
      const input = { pipeline, stage, ...given };
      creation.run({ input: { ...input, idempotencyKey: keyFor(input) } });
    }
  };
  return (
    <Dialog
      title={rule === null ? "Require approvals" : `Change the rule ${rule.name}`}
      action={rule === null ? "Create the rule" : "Change the rule"}
      disabled={name.trim() === "" || approvers.some(({ value }) => value.trim() === "")}
      busy={busy}
      error={error}
      onSubmit={submit}
      onClose={onClose}
    >
      <label className={fields.field}>
        <span>Name</span>
        <input value={name} required autoComplete="off" onChange={(event) => setName(event.target.value)} />
      </label>
      <div className={fields.row}>
        {rule === null && (
          <label className={fields.field}>
            <span>For promotions into</span>
            <select value={stage} onChange={(event) => setStage(event.target.value as Stage)}>
              <option value="STAGING">Staging</option>
              <option value="PRODUCTION">Production</option>
            </select>
          </label>
        )}
        <label className={fields.field}>
          <span>How many people</span>
          <input
            type="number"
            min={1}
            max={10}
            required
            value={required}
            onChange={(event) => setRequired(event.target.value)}
          />
        </label>
        <label className={fields.field}>
          <span>An approval counts for</span>
          <input value={validFor} required onChange={(event) => setValidFor(event.target.value)} />
        </label>
      </div>
      <ApproverFields approvers={approvers} onChange={setApprovers} />
      <label className={fields.field}>
        <span>Apps, separated by commas; every app of the stage if empty</span>
        <input value={apps} autoComplete="off" onChange={(event) => setApps(event.target.value)} />
      </label>
      <label className={fields.check}>
        <input type="checkbox" checked={self} onChange={(event) => setSelf(event.target.checked)} />
        Who promoted, or registered the build, may approve too
      </label>
      <label className={fields.check}>
        <input type="checkbox" checked={comment} onChange={(event) => setComment(event.target.checked)} />
        An approval needs a comment
      </label>
    </Dialog>
  );
}
