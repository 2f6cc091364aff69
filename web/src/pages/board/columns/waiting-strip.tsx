import { Link } from "react-router";
import type { WaitingPromotionFragment } from "../../../gql/graphql";
import { StateIcon } from "../../../ui/icons/icons";
import { mayVote, VoteButtons } from "../../approvals/voting";
import { Countdown } from "../cards/lock-line";
import { describeBlockers } from "../plans/blockers";
import styles from "./waiting-strip.module.css";

/** More than these are only counted. */
const SHOWN = 3;

/** The promotions that wait to come to a stage: those for the viewer's vote first. */
export function WaitingStrip({ promotions }: { readonly promotions: readonly WaitingPromotionFragment[] }) {
  if (promotions.length === 0) return null;
  const mine = promotions.filter(({ approvalProgress }) => mayVote(approvalProgress));
  const sorted = [...mine, ...promotions.filter((one) => !mine.includes(one))];
  return (
    <ul className={styles.strip} aria-label="Waiting promotions">
      {sorted.slice(0, SHOWN).map((promotion) => (
        <Item key={promotion.id} promotion={promotion} />
      ))}
      {sorted.length > SHOWN && (
        <li>
          <Link to="/approvals">{sorted.length - SHOWN} more wait</Link>
        </li>
      )}
    </ul>
  );
}

function Item({ promotion }: { readonly promotion: WaitingPromotionFragment }) {
  const { id, source, release, blockers, clearsAt, approvalProgress } = promotion;
  const open = approvalProgress.filter(({ met }) => !met);
  const approvals = open.map(({ rule, given, required }) => `${rule.name} ${given} of ${required}`).join(", ");
  const others = describeBlockers(blockers.filter(({ code }) => code !== "APPROVAL_REQUIRED"));
  return (
    <li className={styles.item}>
      <StateIcon state="pending" size={14} label="waiting" />
      <p>
        <Link to={`/promotions/${id}`}>
          {source?.name ?? "a deleted app"} v{release.version}
        </Link>{" "}
        <span className={styles.why}>
          waits{blockers.length > 0 && ": "}
          {[approvals, others].filter((text) => text !== "").join(" · ")}
          <Countdown to={clearsAt} />
        </span>
      </p>
      {mayVote(approvalProgress) && (
        <span className={styles.buttons}>
          <VoteButtons promotion={promotion} />
        </span>
      )}
    </li>
  );
}
