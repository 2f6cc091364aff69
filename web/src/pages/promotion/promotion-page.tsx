import { useEffect } from "react";
import { Link, useParams } from "react-router";
import { BlockerList } from "../../acting/blocker-list";
import { useLive } from "../../api/use-live";
import { type EventType, PromotionPageDocument, type PromotionPageQuery } from "../../gql/graphql";
import { QuarantineNotes } from "../../rollouts/quarantines";
import { useIsStale } from "../../shell/live-badge";
import { Message, NotFound } from "../../ui/message";
import styles from "../../ui/page.module.css";
import { Age } from "../../ui/text/age";
import { Commit } from "../../ui/text/commit";
import { formatTime, STAGE_NAMES } from "../../ui/text/format";
import { Phase } from "../../ui/text/phase";
import { BLOCKER_EVENTS } from "../approvals/use-waiting";
import { VotingProvider } from "../approvals/voting";
import { ApprovalsPanel } from "./approvals-panel";
import { PromotionTools } from "./promotion-tools";
import { TargetsPanel } from "./targets-panel";
import { WaitingPanel } from "./waiting-panel";

export type PagePromotion = NonNullable<PromotionPageQuery["promotion"]>;
export type PageTarget = PagePromotion["targets"][number];

const TYPES: readonly EventType[] = [
  ...BLOCKER_EVENTS,
  ...(["PROMOTION_TARGET_CHANGED", "PROMOTION_FORCED", "PROMOTION_REVIEWED", "RELEASE_PHASE_CHANGED"] as const),
  ...([
    "PROMOTION_WAVE_STARTED",
    "PROMOTION_ADVANCED",
    "PROMOTION_PAUSED",
    "PROMOTION_RESUMED",
    "ROLLOUT_STOPPED",
  ] as const),
];

/** Events of the promotion's pipeline. */
function findScope({ promotion }: PromotionPageQuery) {
  const pipeline = promotion?.pipeline?.id;
  return { types: TYPES, ...(pipeline !== undefined && { pipeline }) };
}

/** `/promotions/ID`: what is promoted where, what it waits for, who approved it, how far it is, and what was evaluated. */
export default function PromotionPage() {
  const { promotion: id = "" } = useParams();
  const { data, error, revision } = useLive(PromotionPageDocument, { promotion: id }, findScope);
  const stale = useIsStale() || error !== null;
  const promotion = data?.promotion ?? null;

  useEffect(() => {
    document.title = promotion === null ? "Promotion · Railyard" : `${toTitle(promotion)} · Railyard`;
  }, [promotion]);

  if (promotion === null) {
    if (data !== null || error?.code === "BAD_USER_INPUT") return <NotFound what="promotion" />;
    return <Message title={error?.message ?? "Loading …"} />;
  }
  const { pipeline, createdBy, createdAt, phase, paused, approvals, approvalProgress, forcedPast } = promotion;
  return (
    <VotingProvider>
      <div className={stale ? styles.stale : undefined}>
        <div className={styles.header}>
          <div>
            <h1>
              {toTitle(promotion)}{" "}
              <small>
                <Phase phase={phase} />
                {paused && <span className={styles.paused}>paused</span>}
              </small>
            </h1>
            <p className={styles.facts}>
              {pipeline !== null && <Link to={`/pipelines/${pipeline.name}`}>{pipeline.name}</Link>}
              <span>by {createdBy.person ?? createdBy.name}</span>
              <Age time={createdAt} />
            </p>
          </div>
          <PromotionTools promotion={promotion} revision={revision} />
        </div>
        {phase === "WAITING" && <WaitingPanel promotion={promotion} />}
        {(approvals.length > 0 || approvalProgress.length > 0) && <ApprovalsPanel promotion={promotion} />}
        <SubjectPanel promotion={promotion} />
        <TargetsPanel promotion={promotion} />
        {forcedPast.length > 0 && (
          <section className={styles.panel} aria-labelledby="past">
            <h2 id="past">What force went past</h2>
            <div className={styles.inside}>
              <BlockerList blockers={forcedPast} past />
            </div>
          </section>
        )}
      </div>
    </VotingProvider>
  );
}

function toTitle({ source, to, undoes }: PagePromotion): string {
  const name = `${source?.name ?? "Promotion"} to ${STAGE_NAMES[to].toLowerCase()}`;
  return undoes === null ? name : `Undo of ${name}`;
}

function SubjectPanel({ promotion }: { readonly promotion: PagePromotion }) {
  const { source, release, build, forced, reason, endReason, endedBy, phase, notBefore } = promotion;
  const { needsReview, reviewedBy, reviewedAt, reviewComment, retryOf, undoes, supersededBy } = promotion;
  return (
    <section className={styles.panel} aria-label="What is promoted">
      <dl className={styles.dl}>
        <dt>From</dt>
        <dd>
          {source === null ? "a deleted app" : <Link to={`/apps/${source.name}`}>{source.name}</Link>} v
          {release.version}
        </dd>
        <dt>Commit</dt>
        <dd>
          <Commit commit={build.commit} />
          <QuarantineNotes quarantines={build.quarantines} />
        </dd>
        <dt>Artifact</dt>
        <dd>
          <code>{build.artifact}</code>
        </dd>
        {notBefore !== null && (
          <>
            <dt>Not before</dt>
            <dd>{formatTime(notBefore)}</dd>
          </>
        )}
        {reason !== null && (
          <>
            <dt>{forced ? "Forced" : "Reason"}</dt>
            <dd className={forced ? styles.reason : undefined}>{reason}</dd>
          </>
        )}
        {forced && (
          <>
            <dt>Review</dt>
            <dd>
              {needsReview || reviewedBy === null || reviewedAt === null ? (
                "Another person has to look at it"
              ) : (
                <>
                  {reviewedBy.person ?? reviewedBy.name}: {reviewComment} (<Age time={reviewedAt} />)
                </>
              )}
            </dd>
          </>
        )}
        {endReason !== null && (
          <>
            <dt>{phase === "REJECTED" ? "Rejected" : "Cancelled"}</dt>
            <dd>
              {endedBy !== null && `${endedBy.person ?? endedBy.name}: `}
              {endReason}
            </dd>
          </>
        )}
        <Related name="Tries again" promotion={retryOf} />
        <Related name="Undoes" promotion={undoes} />
        <Related name="Superseded by" promotion={supersededBy} />
      </dl>
    </section>
  );
}

interface RelatedProps {
  readonly name: string;
  readonly promotion: { readonly id: string; readonly createdAt: string } | null;
}

function Related({ name, promotion }: RelatedProps) {
  if (promotion === null) return null;
  return (
    <>
      <dt>{name}</dt>
      <dd>
        <Link to={`/promotions/${promotion.id}`}>the promotion of {formatTime(promotion.createdAt)}</Link>
      </dd>
    </>
  );
}
