import { memo } from "react";
import { Link } from "react-router";
import type { Stage } from "../../../gql/graphql";
import { findHold } from "../../../rollouts/automation-hold";
import { QuarantineNotes } from "../../../rollouts/quarantines";
import { ROVING, type useRoving } from "../../../ui/controls/roving";
import { Icon, StateIcon } from "../../../ui/icons/icons";
import { Age } from "../../../ui/text/age";
import { count, firstLine, shortSha } from "../../../ui/text/format";
import { CheckList } from "../checks/check-list";
import { useDraggable } from "../columns/dragging";
import type { BoardApp, BoardRelease } from "../model";
import type { Lock } from "../plans/locks";
import { Behind } from "./app-card";
import { findAppState } from "./app-state";
import styles from "./app-tiles.module.css";
import { LockLine } from "./lock-line";

interface Group {
  readonly key: string;
  /** Instead of a build; null if all apps of the group run `release`. */
  readonly title: string | null;
  readonly release: BoardRelease | null;
  readonly apps: BoardApp[];
}

/** The apps that failed, those where something is under way, and the others by the build that they run, newest first. */
function groupApps(apps: readonly BoardApp[], recency: (build: string) => number): Group[] {
  const failed: Group = { key: "failed", title: "Failed", release: null, apps: [] };
  const busy: Group = { key: "busy", title: "Under way", release: null, apps: [] };
  const none: Group = { key: "none", title: "No release yet", release: null, apps: [] };
  const builds = new Map<string, Group>();
  for (const app of apps) {
    const { rank, current } = findAppState(app);
    if (rank <= 1) (rank === 0 ? failed : busy).apps.push(app);
    else if (current === null) none.apps.push(app);
    else {
      const group = builds.get(current.build.id);
      if (group !== undefined) group.apps.push(app);
      else builds.set(current.build.id, { key: current.build.id, title: null, release: current, apps: [app] });
    }
  }
  const byBuild = [...builds.values()].sort((a, b) => recency(a.key) - recency(b.key));
  return [failed, busy, ...byBuild, none].filter((group) => group.apps.length > 0);
}

interface AppTilesProps {
  readonly apps: readonly BoardApp[];
  readonly pipeline: string;
  readonly stage: Stage;
  readonly required: ReadonlySet<string>;
  readonly roving: ReturnType<typeof useRoving>;
  readonly locks: ReadonlyMap<string, Lock>;
  /** How long ago a build was released to the stage before: 0 is the newest. */
  recency(build: string): number;
  behind(app: BoardApp): number | null;
}

/** Many apps of a stage: tiles, grouped by what they run. */
export function AppTiles({ apps, pipeline, stage, required, roving, locks, recency, behind }: AppTilesProps) {
  let isFirst = true;
  return (
    <div className={styles.groups} {...roving}>
      {groupApps(apps, recency).map(({ key, title, release, apps }) => {
        const [sample] = apps;
        const { lock, number: locked } = findCommonLock(apps, locks);
        return (
          <section key={key} className={styles.group}>
            <header className={styles.header}>
              {release === null ? (
                <h3>{title}</h3>
              ) : (
                <h3>
                  <code>{shortSha(release.build.commit.sha)}</code>
                  <span className={styles.message}>{firstLine(release.build.commit.message)}</span>
                </h3>
              )}
              <span className={styles.facts}>
                {release !== null && sample !== undefined && <Behind behind={behind(sample)} />}
                {count(apps.length, "app")}
              </span>
              {release !== null && <CheckList release={release} required={required} />}
              {lock !== null && (
                <LockLine
                  reason={locked === apps.length ? lock.reason : `${locked} of ${apps.length}: ${lock.reason}`}
                  clearsAt={lock.clearsAt}
                />
              )}
              {release !== null && <QuarantineNotes quarantines={release.build.quarantines} />}
            </header>
            <ul className={styles.tiles}>
              {apps.map((app) => {
                const first = isFirst;
                isFirst = false;
                const own = locks.get(app.id)?.reason ?? null;
                const isCommon = own === (lock?.reason ?? null);
                return (
                  <Tile
                    key={app.id}
                    app={app}
                    pipeline={pipeline}
                    stage={stage}
                    lock={isCommon ? null : own}
                    free={!isCommon && own === null}
                    first={first}
                  />
                );
              })}
            </ul>
          </section>
        );
      })}
    </div>
  );
}

/** The lock that most of the apps have, and how many have it. Null where most have none. */
function findCommonLock(apps: readonly BoardApp[], locks: ReadonlyMap<string, Lock>) {
  const numbers = new Map<string | null, { lock: Lock | null; number: number }>();
  for (const { id } of apps) {
    const lock = locks.get(id) ?? null;
    const key = lock === null ? null : `${lock.reason} ${lock.clearsAt}`;
    numbers.set(key, { lock, number: (numbers.get(key)?.number ?? 0) + 1 });
  }
  const [most] = [...numbers.values()].sort((a, b) => b.number - a.number);
  return most ?? { lock: null, number: 0 };
}

interface TileProps {
  readonly app: BoardApp;
  readonly pipeline: string;
  readonly stage: Stage;
  /** Why nothing can be promoted to it now, besides checks; null if nothing holds it back, or what its group says. */
  readonly lock: string | null;
  /** Whether nothing holds it back, unlike most of its group. */
  readonly free: boolean;
  readonly first: boolean;
}

const Tile = memo(function Tile({ app, pipeline, stage, lock, free, first }: TileProps) {
  const dragging = useDraggable(app, pipeline, stage);
  const { icon, word, current, next, rank } = findAppState(app);
  const hold = app.coupling === null ? null : findHold(app.coupling);
  return (
    <li className={styles.tile} data-rank={rank} {...dragging}>
      <StateIcon state={icon} label={word} size={13} />
      <Link to={`/apps/${app.name}`} {...{ [ROVING]: "" }} tabIndex={first ? 0 : -1} title={app.name}>
        {app.name}
      </Link>
      <span className={styles.version} title={lock ?? (free ? "Not held back" : undefined)}>
        {hold !== null && <Icon name="pause" size={11} label={`Automation is held: ${hold.reason}`} />}
        {lock !== null && <Icon name="lock" size={11} label={lock} />}
        {free && <Icon name="unlock" size={11} label="Not held back" />}
        {current !== null && `v${current.version}`}
        {next !== null && ` → v${next.version}`}
      </span>
      {current !== null && next === null && current.verificationProblem !== null && (
        <span className={styles.reason}>{current.verificationProblem}</span>
      )}
      {next?.phase === "FAILED" && (
        <span className={styles.reason}>
          {next.failureReason ?? "failed"} · <Age time={next.updatedAt} />
        </span>
      )}
    </li>
  );
});
