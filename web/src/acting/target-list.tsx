import type { PreviewFragment } from "../gql/graphql";
import { shortSha } from "../ui/text/format";
import styles from "./acting.module.css";

interface TargetListProps {
  readonly plan: PreviewFragment;
  readonly selected: ReadonlySet<string>;
  onSelect(apps: ReadonlySet<string>): void;
}

/** The targets of a promotion, and what changes on each. */
export function TargetList({ plan, selected, onSelect }: TargetListProps) {
  const { targets, release } = plan;
  const to = release === null ? "" : shortSha(release.build.commit.sha);
  const select = (app: string, isSelected: boolean) => {
    const next = new Set(selected);
    if (isSelected) next.add(app);
    else next.delete(app);
    onSelect(next);
  };
  return (
    <fieldset className={styles.targets}>
      <legend className="visually-hidden">Targets</legend>
      <div className={styles.list}>
        {targets.map(({ app, upToDate, currentRelease: current }) => (
          <label key={app.id}>
            <input
              type="checkbox"
              checked={selected.has(app.id)}
              disabled={upToDate}
              onChange={(event) => select(app.id, event.target.checked)}
            />
            <span className={styles.name}>
              {app.name}
              {app.region !== null && <span className={styles.message}> {app.region}</span>}
            </span>
            <span className={styles.change}>
              {upToDate ? (
                "up to date"
              ) : (
                <>
                  {current === null ? "nothing" : shortSha(current.build.commit.sha)} → <code>{to}</code>
                </>
              )}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
