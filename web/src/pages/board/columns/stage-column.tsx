import { memo, useMemo } from "react";
import { useActions } from "../../../acting/actions";
import type { Stage, WaitingPromotionFragment } from "../../../gql/graphql";
import { useRoving } from "../../../ui/controls/roving";
import { STAGE_NAMES } from "../../../ui/text/format";
import { AppCard } from "../cards/app-card";
import { AppTiles } from "../cards/app-tiles";
import type { BoardApp, PullRequest } from "../model";
import { findLocks } from "../plans/locks";
import { StagePlanLine } from "../plans/stage-plan";
import { countBehind, type StagePlan } from "../plans/use-plans";
import { useDropTarget } from "./dragging";
import styles from "./stage-column.module.css";
import { WaitingStrip } from "./waiting-strip";

/** A stage with more apps than this shows them as tiles, grouped by what they run. */
const TILES_FROM = 13;

/** Whether a stage shows its apps as tiles, and needs more room than others. */
export function isCrowded(apps: number): boolean {
  return apps >= TILES_FROM;
}

interface StageColumnProps {
  readonly pipeline: string;
  readonly stage: Stage;
  /** The apps that match the filter. */
  readonly apps: readonly BoardApp[];
  readonly total: number;
  /** The checks that a promotion out of the stage needs; for production those that it needed. */
  readonly required: ReadonlySet<string>;
  /** What a promotion out of the stage would do, and one into it. Undefined until they are loaded. */
  readonly plan: StagePlan | undefined;
  readonly planInto: StagePlan | undefined;
  /** The promotions that wait to come to the stage. */
  readonly waiting: readonly WaitingPromotionFragment[];
  /** The stage before it; null for the first. */
  readonly before: Stage | null;
  readonly pullRequests: ReadonlyMap<string, PullRequest>;
}

export const StageColumn = memo(function StageColumn(props: StageColumnProps) {
  const { pipeline, stage, before, apps, total, required, plan, planInto, waiting, pullRequests } = props;
  const actions = useActions();
  const roving = useRoving();
  const heading = `stage-${stage.toLowerCase()}`;
  const promote = useMemo(() => actions && (() => actions.promote({ pipeline, stage })), [actions, pipeline, stage]);
  const drop = useDropTarget(pipeline, before);
  const recency = (build: string) => {
    const index = planInto?.source?.releases.nodes.findIndex((one) => one.build.id === build) ?? -1;
    return index === -1 ? Number.MAX_SAFE_INTEGER : index;
  };
  const locks = useMemo(() => findLocks(planInto), [planInto]);
  const behind = (app: BoardApp) => countBehind(planInto, app.currentRelease?.build.id);
  return (
    <section className={styles.column} data-drop={drop.state ?? undefined} aria-labelledby={heading} {...drop.handlers}>
      <header className={styles.header}>
        <h2 id={heading}>
          {STAGE_NAMES[stage]} <span className={styles.count}>{total}</span>
        </h2>
        {plan !== undefined && <StagePlanLine plan={plan} onPromote={promote} />}
      </header>
      <div>
        <WaitingStrip promotions={waiting} />
        {apps.length === 0 ? (
          <p className={styles.empty}>{total === 0 ? "No apps" : "No app matches the filter"}</p>
        ) : isCrowded(total) ? (
          <AppTiles
            stage={stage}
            pipeline={pipeline}
            apps={apps}
            recency={recency}
            behind={behind}
            required={required}
            roving={roving}
            locks={locks}
          />
        ) : (
          <ul className={styles.cards} {...roving}>
            {apps.map((app, index) => (
              <li key={app.id}>
                <AppCard
                  app={app}
                  stage={stage}
                  pipeline={pipeline}
                  required={required}
                  behind={behind(app)}
                  pullRequest={pullRequests.get(app.id)}
                  lock={locks.get(app.id)?.reason ?? null}
                  lockedUntil={locks.get(app.id)?.clearsAt ?? null}
                  first={index === 0}
                />
              </li>
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}, isSame);

/** The board makes new lists of the same apps for every key in the filter, and for every event of another stage. */
function isSame(before: StageColumnProps, now: StageColumnProps): boolean {
  const { apps: appsBefore, ...othersBefore } = before;
  const { apps, ...others } = now;
  return (
    Object.entries(others).every(([name, value]) =>
      Object.is(value, othersBefore[name as keyof typeof othersBefore]),
    ) &&
    apps.length === appsBefore.length &&
    apps.every((app, index) => app === appsBefore[index])
  );
}
