import { useNow } from "../api/clock";
import type { BlockerDetailsFragment } from "../gql/graphql";
import { Icon } from "../ui/icons/icons";
import { readable } from "../ui/text/format";
import styles from "./acting.module.css";
import { describeRemedy } from "./remedies";

interface BlockerListProps {
  readonly blockers: readonly BlockerDetailsFragment[];
  /** Whether they are of the past: then nothing clears them any more. */
  readonly past?: boolean;
}

/** Every blocker, with what clears it and when. Blockers of several apps that say the same are one line. */
export function BlockerList({ blockers, past = false }: BlockerListProps) {
  const now = useNow();
  if (blockers.length === 0) return null;
  const groups = new Map<string, { blocker: BlockerDetailsFragment; apps: string[] }>();
  for (const blocker of blockers) {
    const { code, context, cause, clearsAt, message } = blocker;
    // Messages name the app.
    const key = `${code} ${context ?? cause?.id ?? clearsAt ?? message}`;
    const group = groups.get(key) ?? { blocker, apps: [] };
    if (blocker.app !== null) group.apps.push(blocker.app.name);
    groups.set(key, group);
  }
  return (
    <ul className={styles.blockers} aria-label={past ? "What held it back" : "What holds it back"}>
      {[...groups].map(([key, { blocker, apps }]) => (
        <li key={key}>
          <Icon name="lock" size={14} />
          <div>
            <p>
              {readable(blocker.message)}
              {apps.length > 1 && <span className={styles.others}> and {apps.length - 1} more apps</span>}
            </p>
            {past || <p className={styles.remedy}>{describeRemedy(blocker, now)}</p>}
          </div>
        </li>
      ))}
    </ul>
  );
}
