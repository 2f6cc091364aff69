import { useNow } from "../../../api/clock";
import { Icon } from "../../../ui/icons/icons";
import { formatDuration, formatMoment } from "../../../ui/text/format";
import styles from "./app-card.module.css";

interface LockLineProps {
  readonly reason: string;
  readonly clearsAt: string | null;
}

/** Why nothing can be promoted to an app, with a countdown where time ends it. */
export function LockLine({ reason, clearsAt }: LockLineProps) {
  return (
    <p className={styles.lock}>
      <Icon name="lock" size={13} />
      <span>
        {reason}
        <Countdown to={clearsAt} />
      </span>
    </p>
  );
}

/** `, for 2 h`, with the moment as a tooltip; nothing without an end, or after it. */
export function Countdown({ to }: { readonly to: string | null }) {
  const now = useNow();
  if (to === null || Date.parse(to) <= now) return null;
  return <time dateTime={to} title={formatMoment(to, now)}>{`, for ${formatDuration(Date.parse(to) - now)}`}</time>;
}
