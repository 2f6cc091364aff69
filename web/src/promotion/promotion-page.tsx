import { useEffect } from "react";
import { Link, useParams } from "react-router";
import { useLive } from "../api/use-live";
import { checkIcon, checkWord } from "../board/checks";
import { PromotionPageDocument, type PromotionPageQuery } from "../gql/graphql";
import { useIsStale } from "../shell/live-badge";
import { Age } from "../ui/age";
import { Commit } from "../ui/commit";
import { STAGE_NAMES } from "../ui/format";
import { StateIcon } from "../ui/icons";
import { Message, NotFound } from "../ui/message";
import styles from "../ui/page.module.css";
import { Phase } from "../ui/phase";

type Promotion = NonNullable<PromotionPageQuery["promotion"]>;
type Target = Promotion["targets"][number];

const TYPES = ["PROMOTION_STARTED", "PROMOTION_TARGET_CHANGED", "PROMOTION_FINISHED"] as const;

/** `/promotions/ID`: what was promoted where, how far it is, and what was evaluated. */
export default function PromotionPage() {
  const { promotion: id = "" } = useParams();
  const { data, error } = useLive(PromotionPageDocument, { promotion: id }, { types: TYPES });
  const stale = useIsStale() || error !== null;
  const promotion = data?.promotion ?? null;

  useEffect(() => {
    document.title = promotion === null ? "Promotion · Railyard" : `${titleOf(promotion)} · Railyard`;
  }, [promotion]);

  if (promotion === null) {
    if (data !== null || error?.code === "BAD_USER_INPUT") return <NotFound what="promotion" />;
    return <Message title={error?.message ?? "Loading …"} />;
  }
  const { pipeline, source, release, build, createdBy, createdAt, forced, reason, targets, phase } = promotion;
  return (
    <div className={stale ? styles.stale : undefined}>
      <div className={styles.header}>
        <div>
          <h1>
            {titleOf(promotion)}{" "}
            <small>
              <Phase phase={phase} />
            </small>
          </h1>
          <p className={styles.facts}>
            {pipeline !== null && <Link to={`/pipelines/${pipeline.name}`}>{pipeline.name}</Link>}
            <span>by {createdBy.name}</span>
            <Age time={createdAt} />
          </p>
        </div>
      </div>
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
          </dd>
          <dt>Artifact</dt>
          <dd>
            <code>{build.artifact}</code>
          </dd>
          {forced && (
            <>
              <dt>Forced</dt>
              <dd className={styles.reason}>{reason}</dd>
            </>
          )}
        </dl>
      </section>
      <section className={styles.panel} aria-labelledby="targets">
        <h2 id="targets">Targets</h2>
        <div className={styles.scroll}>
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">App</th>
                <th scope="col">Phase</th>
                <th scope="col">Release</th>
                <th scope="col">Checks at the time</th>
                <th scope="col" className={styles.end}>
                  Changed
                </th>
              </tr>
            </thead>
            <tbody>
              {targets.map((target) => (
                <TargetRow key={target.id} target={target} />
              ))}
            </tbody>
          </table>
        </div>
      </section>
    </div>
  );
}

function titleOf({ source, to }: Promotion): string {
  return `${source?.name ?? "Promotion"} to ${STAGE_NAMES[to].toLowerCase()}`;
}

function TargetRow({ target: { app, phase, failureReason, release, checks } }: { readonly target: Target }) {
  return (
    <tr>
      <td>
        {app === null ? "a deleted app" : <Link to={`/apps/${app.name}`}>{app.name}</Link>}{" "}
        {app?.region != null && <span className={styles.muted}>{app.region}</span>}
      </td>
      <td>
        <Phase phase={phase} />
        {failureReason !== null && <p className={styles.reason}>{failureReason}</p>}
      </td>
      <td className={styles.number}>{release === null ? "" : `v${release.version}`}</td>
      <td>
        {checks.map(({ context, state }) => (
          <span key={context} className={styles.phase}>
            <StateIcon state={checkIcon(state)} size={13} />
            {context} <span className={styles.muted}>{checkWord(state)}</span>
          </span>
        ))}
      </td>
      <td className={styles.end}>{release !== null && <Age time={release.updatedAt} />}</td>
    </tr>
  );
}
