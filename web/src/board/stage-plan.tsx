import { STAGE_NAMES } from "../ui/format";
import { Icon } from "../ui/icons";
import { describeBlockers } from "./blockers";
import styles from "./stage-plan.module.css";
import type { StagePlan } from "./use-plans";

/** What would come to the next stage, or what holds it back. */
export function StagePlanLine({ plan }: { readonly plan: StagePlan }) {
  if (plan.to === null || plan.source === null || plan.targets.length === 0) return null;
  if (plan.targets.every(({ upToDate }) => upToDate)) {
    return <span className={styles.line}>{STAGE_NAMES[plan.to]} is up to date</span>;
  }
  if (plan.promotable) {
    return (
      <span className={styles.ready}>
        Ready for {STAGE_NAMES[plan.to].toLowerCase()} <Icon name="arrow" size={14} />
      </span>
    );
  }
  return (
    <span className={styles.held} title={plan.blockers.map(({ message }) => message).join("\n")}>
      <Icon name="lock" size={14} /> {describeBlockers(plan.blockers)}
    </span>
  );
}
