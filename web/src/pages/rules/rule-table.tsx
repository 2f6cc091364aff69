import type { ApprovalRuleRowFragment } from "../../gql/graphql";
import { useHasRole } from "../../session/session";
import { Button } from "../../ui/controls/button";
import page from "../../ui/page.module.css";
import { STAGE_NAMES } from "../../ui/text/format";
import { describeApprovers } from "../approvals/describe-approver";

interface RuleTableProps {
  readonly rules: readonly ApprovalRuleRowFragment[];
  onEdit(rule: ApprovalRuleRowFragment): void;
  onDelete(rule: ApprovalRuleRowFragment): void;
}

/** The rules that require approvals. */
export function RuleTable({ rules, onEdit, onDelete }: RuleTableProps) {
  const mayEdit = useHasRole("OPERATOR");
  return (
    <div className={page.scroll}>
      <table className={`${page.table} ${page.stacked}`}>
        <thead>
          <tr>
            <th scope="col">Rule</th>
            <th scope="col">Into</th>
            <th scope="col">Approvals</th>
            <th scope="col">By</th>
            <th scope="col">Conditions</th>
            {mayEdit && (
              <th scope="col">
                <span className="visually-hidden">Change</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {rules.map((rule) => (
            <Row key={rule.id} rule={rule} mayEdit={mayEdit} onEdit={onEdit} onDelete={onDelete} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps extends Pick<RuleTableProps, "onEdit" | "onDelete"> {
  readonly rule: ApprovalRuleRowFragment;
  readonly mayEdit: boolean;
}

function Row({ rule, mayEdit, onEdit, onDelete }: RowProps) {
  const mayDelete = useHasRole("ADMIN");
  const { name, stage, apps, required, approvers, allowSelfApproval, commentRequired, validFor } = rule;
  const conditions = [
    allowSelfApproval ? "who promoted may approve" : "not by who promoted or registered the build",
    commentRequired ? "with a comment" : "",
    `count for ${validFor}`,
  ];
  return (
    <tr>
      <td data-full="">
        <b>{name}</b>
      </td>
      <td data-label="Into">
        {STAGE_NAMES[stage].toLowerCase()}
        {apps !== null && <p className={page.muted}>{apps.map((app) => app.name).join(", ") || "deleted apps only"}</p>}
      </td>
      <td className={page.number} data-label="Approvals">
        {required}
      </td>
      <td className={page.wide} data-full="" data-label="By">
        {describeApprovers(approvers)}
      </td>
      <td className={page.wide} data-full="">
        {conditions.filter((part) => part !== "").join(", ")}
      </td>
      {mayEdit && (
        <td className={page.end}>
          <div className={page.tools}>
            <Button kind="plain" onClick={() => onEdit(rule)}>
              Edit<span className="visually-hidden"> the rule {name}</span>
            </Button>
            {mayDelete && (
              <Button kind="plain" onClick={() => onDelete(rule)}>
                Delete<span className="visually-hidden"> the rule {name}</span>
              </Button>
            )}
          </div>
        </td>
      )}
    </tr>
  );
}
