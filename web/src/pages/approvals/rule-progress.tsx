import type { RuleProgressFragment } from "../../gql/graphql";
import { StateIcon } from "../../ui/icons/icons";
import { count } from "../../ui/text/format";
import styles from "./approvals.module.css";
import { describeApprovers } from "./describe-approver";

/** How far each rule is met, and of whom approvals are missing. */
export function RuleProgressList({ progress }: { readonly progress: readonly RuleProgressFragment[] }) {
  return (
    <ul className={styles.rules} aria-label="Approvals">
      {progress.map(({ rule, given, required, met, missing, viewerMayVote, viewerMayNotBecause }) => (
        <li key={rule.id} className={styles.rule}>
          <StateIcon state={met ? "good" : "pending"} size={15} />
          <div>
            <p>
              <b>{rule.name}</b>{" "}
              <span className={styles.count}>
                <Pips given={given} required={required} /> {given} of {count(required, "approval")}
              </span>
            </p>
            {!met && <p className={styles.about}>Missing: {describeApprovers(missing)}</p>}
            {!met && !viewerMayVote && viewerMayNotBecause !== null && (
              <p className={styles.about}>{viewerMayNotBecause}</p>
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}

function Pips({ given, required }: { readonly given: number; readonly required: number }) {
  return (
    <span className={styles.pips} aria-hidden="true">
      {Array.from({ length: required }, (_, index) => index + 1).map((number) => (
        <i key={number} data-given={number <= given || undefined} />
      ))}
    </span>
  );
}
