import page from "../../ui/page.module.css";
import styles from "../approvals/approvals.module.css";
import { RuleProgressList } from "../approvals/rule-progress";
import { Votes } from "../approvals/votes";
import type { PagePromotion } from "./promotion-page";

/** How far the promotion is approved, and who voted. */
export function ApprovalsPanel({ promotion }: { readonly promotion: PagePromotion }) {
  const { approvalProgress, approvals, phase } = promotion;
  const waiting = phase === "WAITING";
  // Afterwards, nobody may vote: why not is of no interest.
  const progress = waiting ? approvalProgress : approvalProgress.map((one) => ({ ...one, viewerMayNotBecause: null }));
  return (
    <section className={page.panel} aria-labelledby="approvals">
      <h2 id="approvals">Approvals</h2>
      {progress.length > 0 && (
        <div className={styles.inside}>
          <RuleProgressList progress={progress} />
        </div>
      )}
      {approvals.length > 0 && <Votes votes={approvals} waiting={waiting} />}
    </section>
  );
}
