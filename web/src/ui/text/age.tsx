import { useNow } from "../../api/clock";
import { formatAge, formatTime } from "./format";

/** How long ago something happened, with the exact time as a tooltip. */
export function Age({ time }: { readonly time: string }) {
  const now = useNow();
  return (
    <time dateTime={time} title={formatTime(time)}>
      {formatAge(time, now)}
    </time>
  );
}
