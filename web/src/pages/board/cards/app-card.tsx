import { memo } from "react";
import { Link } from "react-router";
import { useActions } from "../../../acting/actions";
import type { Stage } from "../../../gql/graphql";
import { AutomationHoldNote } from "../../../rollouts/automation-hold";
import { QuarantineNotes } from "../../../rollouts/quarantines";
import { VerificationNote, VerifiedMark } from "../../../rollouts/verification";
import { IconButton } from "../../../ui/controls/button";
import { ROVING, ROVING_ACTION } from "../../../ui/controls/roving";
import { StateIcon } from "../../../ui/icons/icons";
import { Age } from "../../../ui/text/age";
import { firstLine, NEXT_STAGE, STAGE_NAMES, shortSha } from "../../../ui/text/format";
import { CheckList } from "../checks/check-list";
import { useDraggable } from "../columns/dragging";
import type { BoardApp, BoardRelease, PullRequest } from "../model";
import styles from "./app-card.module.css";
import { type AppState, findAppState } from "./app-state";
import { LockLine } from "./lock-line";

interface AppCardProps {
  readonly app: BoardApp;
  readonly pipeline: string;
  readonly stage: Stage;
  readonly required: ReadonlySet<string>;
  /** How many builds it is behind the stage before it; null if unknown. */
  readonly behind: number | null;
  readonly pullRequest: PullRequest | undefined;
  /** Why nothing can be promoted to it now, besides checks; null if something can. */
  readonly lock: string | null;
  /** When time alone unlocks it; null if it does not. */
  readonly lockedUntil: string | null;
  /** Whether Tab stops here before another card had the focus. */
  readonly first: boolean;
}

/** One app: what it runs, since when, and what is about to change. */
export const AppCard = memo(function AppCard(props: AppCardProps) {
  const { app, pipeline, stage, required, behind, pullRequest, lock, lockedUntil, first } = props;
  const dragging = useDraggable(app, pipeline, stage);
  const state = findAppState(app);
  const { current } = state;
  return (
    <article className={styles.card} data-rank={state.rank} {...dragging}>
      <div className={styles.top}>
        <StateIcon state={state.icon} label={state.word} size={17} />
        <h3 className={styles.name}>
          <Link to={`/apps/${app.name}`} {...{ [ROVING]: "" }} tabIndex={first ? 0 : -1}>
            {app.name}
          </Link>
        </h3>
        {app.region !== null && <span className={styles.region}>{app.region}</span>}
        {current !== null && <span className={styles.version}>v{current.version}</span>}
      </div>
      {pullRequest !== undefined && (
        <p className={styles.commit}>
          <span className={styles.sha}>#{pullRequest.pullRequest.number}</span>
          <span className={styles.message}>{pullRequest.pullRequest.title}</span>
        </p>
      )}
      {current === null ? <p className={styles.none}>No release yet</p> : <Commit release={current} />}
      {current !== null && (
        <div className={styles.bottom}>
          <CheckList release={current} required={required} />
          <span className={styles.when}>
            <VerifiedMark release={current} />
            <Behind behind={behind} />
            <Age time={current.updatedAt} />
            <CardActions app={app} stage={stage} first={first} />
          </span>
        </div>
      )}
      {current !== null && <VerificationNote release={current} checks={app.coupling?.verification?.checks ?? []} />}
      <NextRelease state={state} first={first} />
      {lock !== null && <LockLine reason={lock} clearsAt={lockedUntil} />}
      {current !== null && <QuarantineNotes quarantines={current.build.quarantines} />}
      <AutomationHoldNote coupling={app.coupling} app={app.name} button={toRovingAction(first)} />
    </article>
  );
});

/** The attributes of a button of a card, which is no stop of Tab until the card has the focus. */
function toRovingAction(first: boolean) {
  return { tabIndex: first ? 0 : -1, [ROVING_ACTION]: "" };
}

/** Nothing for those who may not act. */
function CardActions({
  app,
  stage,
  first,
}: {
  readonly app: BoardApp;
  readonly stage: Stage;
  readonly first: boolean;
}) {
  const actions = useActions();
  if (actions === null) return null;
  const to = NEXT_STAGE[stage];
  const shared = toRovingAction(first);
  return (
    <span className={styles.actions}>
      <IconButton icon="undo" label={`Roll back ${app.name}`} onClick={() => actions.rollback(app)} {...shared} />
      {to !== null && (
        <IconButton
          icon="arrow"
          label={`Promote ${app.name} to ${STAGE_NAMES[to].toLowerCase()}`}
          onClick={() => actions.promote({ app: app.id })}
          {...shared}
        />
      )}
    </span>
  );
}

function Commit({ release }: { readonly release: BoardRelease }) {
  const { sha, message, author } = release.build.commit;
  return (
    <p className={styles.commit} title={author === null ? undefined : `by ${author}`}>
      <code className={styles.sha}>{shortSha(sha)}</code>
      <span className={styles.message}>{firstLine(message)}</span>
    </p>
  );
}

export function Behind({ behind }: { readonly behind: number | null }) {
  if (behind === null || behind === 0) return null;
  return (
    <span className={styles.behind} title={`${behind} newer builds run on the stage before`}>
      {behind} behind
    </span>
  );
}

/** The release that is on its way, or that failed. */
function NextRelease({ state: { next, word, icon }, first }: { readonly state: AppState; readonly first: boolean }) {
  if (next === null) return null;
  const version =
    next.promotion === null ? (
      `v${next.version}`
    ) : (
      <Link to={`/promotions/${next.promotion.id}`} {...toRovingAction(first)}>
        v{next.version}
      </Link>
    );
  if (next.phase === "FAILED") {
    return (
      <p className={styles.failed}>
        <b>{version} failed</b> {next.failureReason} · <Age time={next.updatedAt} />
      </p>
    );
  }
  return (
    <div className={styles.next} data-phase={icon}>
      <p>
        <b>{version}</b> {word} <code>{shortSha(next.build.commit.sha)}</code> · <Age time={next.updatedAt} />
      </p>
    </div>
  );
}
