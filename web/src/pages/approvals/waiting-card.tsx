import { Link } from "react-router";
import { BlockerList } from "../../acting/blocker-list";
import { useNow } from "../../api/clock";
import type { WaitingPromotionFragment } from "../../gql/graphql";
import { Icon } from "../../ui/icons/icons";
import { Age } from "../../ui/text/age";
import { Commit } from "../../ui/text/commit";
import { count, formatDuration, STAGE_NAMES } from "../../ui/text/format";
import styles from "./approvals.module.css";
import { RuleProgressList } from "./rule-progress";
import { VoteButtons } from "./voting";

/** A promotion that waits: what it would bring, what it waits for, and the buttons of those whose vote is wanted. */
export function WaitingCard({ promotion }: { readonly promotion: WaitingPromotionFragment }) {
  const { id, to, source, release, build, pipeline, createdBy, createdAt, expiresAt, targets } = promotion;
  const now = useNow();
  const others = promotion.blockers.filter(({ code }) => code !== "APPROVAL_REQUIRED");
  const [only] = targets;
  return (
    <li className={styles.card}>
      <div className={styles.top}>
        <div className={styles.title}>
          <h3>
            <Link to={`/promotions/${id}`}>
              {source?.name ?? "a deleted app"} v{release.version} <Icon name="arrow" size={13} />{" "}
              {targets.length === 1 ? (only?.app?.name ?? "a deleted app") : count(targets.length, "app")}
            </Link>
          </h3>
          <p className={styles.about}>
            {pipeline !== null && <Link to={`/pipelines/${pipeline.name}`}>{pipeline.name}</Link>} ·{" "}
            {STAGE_NAMES[to].toLowerCase()} · by {createdBy.person ?? createdBy.name} · <Age time={createdAt} />
            {expiresAt !== null && ` · expires in ${formatDuration(Math.max(0, Date.parse(expiresAt) - now))}`}
          </p>
          <p className={styles.commit}>
            <Commit commit={build.commit} />
          </p>
        </div>
        <div className={styles.buttons}>
          <VoteButtons promotion={promotion} />
        </div>
      </div>
      {promotion.approvalProgress.length > 0 && <RuleProgressList progress={promotion.approvalProgress} />}
      <BlockerList blockers={others} />
    </li>
  );
}
