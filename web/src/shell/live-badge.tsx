import { useNow } from "../api/clock";
import { type LiveStatus, useLiveStatus } from "../api/live-status";
import { useSession } from "../session/session";
import { formatClock, formatDuration } from "../ui/text/format";
import styles from "./live-badge.module.css";

function describe(status: LiveStatus): string {
  switch (status.state) {
    case "live":
      return "Live";
    case "connecting":
      return "Connecting";
    case "behind":
      return `${formatDuration(status.lagMs)} behind`;
    case "reconnecting":
      return "Reconnecting";
  }
}

/** Whether what is shown is current. */
export function LiveBadge() {
  const status = useLiveStatus(useSession().connection.status);
  return (
    <span role="status" className={styles.badge} data-state={status.state}>
      {describe(status)}
    </span>
  );
}

/** Below the header while the page is not current: data that is stale must not look fresh. */
export function LiveBanner() {
  const status = useLiveStatus(useSession().connection.status);
  const now = useNow();
  if (status.state !== "reconnecting") return null;
  const age = now - status.since;
  return (
    <p className={styles.banner}>
      Reconnecting since {formatClock(status.since)}. What you see is{" "}
      {age < 10_000 ? "from then" : `${formatDuration(age)} old`}.
    </p>
  );
}

/** Whether what is shown may be out of date. */
export function useIsStale(): boolean {
  const { state } = useLiveStatus(useSession().connection.status);
  return state === "reconnecting";
}
