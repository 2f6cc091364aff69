import { memo } from "react";
import { Link } from "react-router";
import { Age } from "../ui/age";
import { count, firstLine, shortSha } from "../ui/format";
import { StateIcon } from "../ui/icons";
import { ROVING, type useRoving } from "../ui/roving";
import { Behind } from "./app-card";
import { findAppState } from "./app-state";
import styles from "./app-tiles.module.css";
import { CheckList } from "./check-list";
import type { BoardApp, BoardRelease } from "./model";

interface Group {
  readonly key: string;
  readonly release: BoardRelease | null;
  readonly apps: BoardApp[];
}

/** The apps by the build that they run, newest first, and in a group those that need attention first. */
function groupByBuild(apps: readonly BoardApp[]): Group[] {
  const groups = new Map<string, Group>();
  for (const app of apps) {
    const release = app.currentRelease;
    const key = release?.build.id ?? "none";
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { key, release, apps: [app] });
    else group.apps.push(app);
  }
  const rank = (app: BoardApp) => findAppState(app).rank;
  for (const { apps } of groups.values()) apps.sort((a, b) => rank(a) - rank(b));
  // Ids of builds are ordered by time.
  return [...groups.values()].sort((a, b) => (a.key === "none" ? 1 : b.key === "none" ? -1 : a.key < b.key ? 1 : -1));
}

interface AppTilesProps {
  readonly apps: readonly BoardApp[];
  readonly required: ReadonlySet<string>;
  readonly roving: ReturnType<typeof useRoving>;
  behind(app: BoardApp): number | null;
}

/** Many apps of a stage: tiles, grouped by what they run. */
export function AppTiles({ apps, required, roving, behind }: AppTilesProps) {
  let isFirst = true;
  return (
    <div className={styles.groups} {...roving}>
      {groupByBuild(apps).map(({ key, release, apps }) => {
        const [sample] = apps;
        return (
          <section key={key} className={styles.group}>
            <header className={styles.header}>
              {release === null ? (
                <h3>No release yet</h3>
              ) : (
                <h3>
                  <code>{shortSha(release.build.commit.sha)}</code>
                  <span className={styles.message}>{firstLine(release.build.commit.message)}</span>
                </h3>
              )}
              <span className={styles.facts}>
                {sample !== undefined && <Behind behind={behind(sample)} />}
                {count(apps.length, "app")}
              </span>
              {release !== null && <CheckList release={release} required={required} />}
            </header>
            <ul className={styles.tiles}>
              {apps.map((app) => {
                const first = isFirst;
                isFirst = false;
                return <Tile key={app.id} app={app} first={first} />;
              })}
            </ul>
          </section>
        );
      })}
    </div>
  );
}

const Tile = memo(function Tile({ app, first }: { readonly app: BoardApp; readonly first: boolean }) {
  const { icon, word, current, next, rank } = findAppState(app);
  return (
    <li className={styles.tile} data-rank={rank}>
      <StateIcon state={icon} label={word} size={13} />
      <Link to={`/apps/${app.name}`} {...{ [ROVING]: "" }} tabIndex={first ? 0 : -1} title={app.name}>
        {app.name}
      </Link>
      <span className={styles.version}>
        {current !== null && `v${current.version}`}
        {next !== null && ` → v${next.version}`}
      </span>
      {next?.phase === "FAILED" && (
        <span className={styles.reason}>
          {next.failureReason ?? "failed"} · <Age time={next.updatedAt} />
        </span>
      )}
    </li>
  );
});
