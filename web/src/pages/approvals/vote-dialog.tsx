import { useState } from "react";
import styles from "../../acting/acting.module.css";
import { BlockerList } from "../../acting/blocker-list";
import { useMutation } from "../../acting/use-mutation";
import { useLive } from "../../api/use-live";
import {
  ApprovePromotionDocument,
  RejectPromotionDocument,
  VoteSubjectDocument,
  type VoteSubjectQuery,
} from "../../gql/graphql";
import fields from "../../ui/controls/fields.module.css";
import { Dialog } from "../../ui/dialogs/dialog";
import { useToast } from "../../ui/dialogs/toasts";
import { firstLine, STAGE_NAMES, shortSha } from "../../ui/text/format";
import { RuleProgressList } from "./rule-progress";
import { BLOCKER_EVENTS } from "./use-waiting";

export interface VoteRequest {
  /** The id of the promotion. */
  readonly promotion: string;
  readonly decision: "approve" | "reject";
}

type Subject = NonNullable<VoteSubjectQuery["promotion"]>;

const MAX_COMMENT_LENGTH = 1024;

/** What a vote is about, and the button that gives it. */
export default function VoteDialog({ promotion: id, decision, onClose }: VoteRequest & { onClose(): void }) {
  const showToast = useToast();
  const [comment, setComment] = useState("");
  const { data, error } = useLive(VoteSubjectDocument, { promotion: id }, { types: BLOCKER_EVENTS });
  const promotion = data?.promotion ?? null;
  const approval = useMutation(ApprovePromotionDocument, ({ approvePromotion }) => {
    const phase = approvePromotion?.promotion.phase;
    showToast(phase === "WAITING" ? "Approved. The promotion still waits." : "Approved. The promotion has started.");
    onClose();
  });
  const rejection = useMutation(RejectPromotionDocument, () => {
    showToast("Rejected. The promotion has ended.");
    onClose();
  });
  const rejects = decision === "reject";
  const { busy, error: refused } = rejects ? rejection : approval;
  const open = promotion?.approvalProgress.filter(({ met, viewerMayVote }) => !met && viewerMayVote) ?? [];
  const commentRequired = rejects || open.some(({ rule }) => rule.commentRequired);
  const given = comment.trim();
  const submit = () => {
    if (rejects) rejection.run({ input: { promotion: id, comment: given } });
    else approval.run({ input: { promotion: id, ...(given !== "" && { comment: given }) } });
  };
  const title = promotion === null ? "a promotion" : describeSubject(promotion);
  return (
    <Dialog
      title={`${rejects ? "Reject" : "Approve"} ${title}`}
      action={rejects ? "Reject" : "Approve"}
      danger={rejects}
      disabled={open.length === 0 || (commentRequired && given === "")}
      busy={busy}
      error={refused ?? error?.message ?? null}
      onSubmit={submit}
      onClose={onClose}
    >
      {promotion === null ? (
        error === null && <p role="status">Loading …</p>
      ) : (
        <>
          <SubjectSummary promotion={promotion} />
          {promotion.phase === "WAITING" ? (
            <RuleProgressList progress={promotion.approvalProgress} />
          ) : (
            <p role="status">It does not wait any more.</p>
          )}
          <BlockerList blockers={promotion.blockers.filter(({ code }) => code !== "APPROVAL_REQUIRED")} />
          <label className={fields.field}>
            <span>{rejects ? "Reason" : commentRequired ? "Comment, which the rule requires" : "Comment"}</span>
            <textarea
              value={comment}
              required={commentRequired}
              maxLength={MAX_COMMENT_LENGTH}
              onChange={(event) => setComment(event.target.value)}
            />
          </label>
          {rejects && <p className={styles.note}>This ends the promotion for good.</p>}
        </>
      )}
    </Dialog>
  );
}

function describeSubject({ source, release, to }: Subject): string {
  return `${source?.name ?? "a deleted app"} v${release.version} for ${STAGE_NAMES[to].toLowerCase()}`;
}

function SubjectSummary({ promotion: { build, createdBy, targets } }: { readonly promotion: Subject }) {
  const { sha, message, author } = build.commit;
  return (
    <>
      <div className={styles.source}>
        <p>
          <code>{shortSha(sha)}</code> {firstLine(message)}
        </p>
        <p className={styles.message}>
          {author !== null && `by ${author}, `}promoted by {createdBy.person ?? createdBy.name}
        </p>
      </div>
      <section className={styles.targets} aria-label="Targets">
        <div className={styles.list}>
          {targets.map(({ id, app }) => (
            <div key={id}>
              <span className={styles.name}>
                {app?.name ?? "a deleted app"}
                {app?.region != null && <span className={styles.message}> {app.region}</span>}
              </span>
              <span className={styles.change}>
                {app?.currentRelease == null ? "nothing" : shortSha(app.currentRelease.build.commit.sha)} →{" "}
                <code>{shortSha(sha)}</code>
              </span>
            </div>
          ))}
        </div>
      </section>
    </>
  );
}
