import { Icon } from "../../../ui/icons/icons";
import { STAGE_NAMES } from "../../../ui/text/format";
import { Countdown } from "../cards/lock-line";
import { describeBlockers } from "./blockers";
import styles from "./stage-plan.module.css";
import type { StagePlan } from "./use-plans";

interface StagePlanLineProps {
  readonly plan: StagePlan;
  /** Null if the viewer may not promote. */
  readonly onPromote: (() => void) | null;
}

/** What would come to the next stage, or what holds it back: a button for those who may promote. */
export function StagePlanLine({ plan, onPromote }: StagePlanLineProps) {
  if (plan.to === null || plan.source === null || plan.targets.length === 0) return null;
  const to = STAGE_NAMES[plan.to];
  if (plan.targets.every(({ upToDate }) => upToDate)) return <span className={styles.line}>{to} is up to date</span>;
  const reasons = plan.promotable ? undefined : plan.blockers.map(({ message }) => message).join("\n");
  const className = plan.promotable ? styles.ready : styles.held;
  const content = plan.promotable ? (
    <>
      {onPromote === null ? (
        `Ready for ${to.toLowerCase()}`
      ) : (
        <span>
          Promote<span className="visually-hidden"> to {to.toLowerCase()}</span>
        </span>
      )}
      <Icon name="arrow" size={14} />
    </>
  ) : (
    <>
      <Icon name="lock" size={14} />
      <span>
        {describeBlockers(plan.blockers)}
        <Countdown to={plan.clearsAt} />
      </span>
    </>
  );
  if (onPromote === null) {
    return (
      <span className={className} title={reasons}>
        {content}
      </span>
    );
  }
  return (
    <button type="button" className={className} title={reasons} onClick={onPromote}>
      {plan.promotable || <span className="visually-hidden">Promote to {to.toLowerCase()}: </span>}
      {content}
    </button>
  );
}
