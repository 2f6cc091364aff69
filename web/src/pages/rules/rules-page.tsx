import { useEffect, useState } from "react";
import { useParams } from "react-router";
import { useLive } from "../../api/use-live";
import {
  type ApprovalRuleRowFragment,
  type EventType,
  PipelineRulesDocument,
  type PipelineRulesQuery,
} from "../../gql/graphql";
import { useHasRole } from "../../session/session";
import { useIsStale } from "../../shell/live-badge";
import { Button } from "../../ui/controls/button";
import { Message, NotFound } from "../../ui/message";
import page from "../../ui/page.module.css";
import { PipelineTabs } from "../timeline/pipeline-tabs";
import { DeleteRuleDialog } from "./delete-rule-dialog";
import { RuleDialog } from "./rule-dialog";
import { RuleTable } from "./rule-table";
import { StageNeeds } from "./stage-needs";

export type PipelineRules = NonNullable<PipelineRulesQuery["pipeline"]>;

const TYPES: readonly EventType[] = [
  ...(["APPROVAL_RULE_CREATED", "APPROVAL_RULE_UPDATED", "APPROVAL_RULE_DELETED", "STAGE_POLICY_UPDATED"] as const),
  ...(["COUPLING_ADDED", "COUPLING_REMOVED", "COUPLING_MOVED", "COUPLING_CHECKS_UPDATED"] as const),
  ...(["PIPELINE_UPDATED", "PIPELINE_DELETED"] as const),
];

type Open =
  | { readonly kind: "edit"; readonly rule: ApprovalRuleRowFragment | null }
  | { readonly kind: "delete"; readonly rule: ApprovalRuleRowFragment };

/** `/pipelines/NAME/rules`: what promotions in a pipeline need. */
export default function RulesPage() {
  const { pipeline: name = "" } = useParams();
  const { data, error } = useLive(PipelineRulesDocument, { pipeline: name }, { pipeline: name, types: TYPES });
  const stale = useIsStale() || error !== null;
  const mayEdit = useHasRole("OPERATOR");
  const [open, setOpen] = useState<Open | null>(null);

  useEffect(() => {
    document.title = `Rules of ${name} · Railyard`;
  }, [name]);

  if (data === null) return <Message title={error?.message ?? "Loading …"} />;
  const { pipeline } = data;
  if (pipeline === null) return <NotFound what="pipeline" />;
  const close = () => setOpen(null);
  return (
    <div className={stale ? page.stale : undefined}>
      <div className={page.header}>
        <div>
          <h1>{pipeline.name}</h1>
          <PipelineTabs pipeline={pipeline.name} />
        </div>
        {mayEdit && (
          <Button kind="primary" onClick={() => setOpen({ kind: "edit", rule: null })}>
            Require approvals
          </Button>
        )}
      </div>
      <section className={page.panel} aria-labelledby="rules">
        <h2 id="rules">Approvals</h2>
        {pipeline.approvalRules.length === 0 ? (
          <p className={page.inside}>No promotion in this pipeline needs an approval.</p>
        ) : (
          <RuleTable
            rules={pipeline.approvalRules}
            onEdit={(rule) => setOpen({ kind: "edit", rule })}
            onDelete={(rule) => setOpen({ kind: "delete", rule })}
          />
        )}
      </section>
      <StageNeeds stages={pipeline.stages} />
      {open?.kind === "edit" && <RuleDialog pipeline={pipeline.id} rule={open.rule} onClose={close} />}
      {open?.kind === "delete" && <DeleteRuleDialog rule={open.rule} onClose={close} />}
    </div>
  );
}
