import { useNow } from "../../api/clock";
import type { FreezeRowFragment, WindowRowFragment } from "../../gql/graphql";
import page from "../../ui/page.module.css";
import { formatTime } from "../../ui/text/format";
import styles from "./freezes.module.css";
import { describeScope } from "./scope";

const DAYS = 14;

interface Bar {
  readonly from: number;
  readonly to: number;
}

interface CalendarProps {
  readonly freezes: readonly FreezeRowFragment[];
  readonly windows: readonly WindowRowFragment[];
  onSelect(window: WindowRowFragment): void;
}

/** The next 14 days as a strip: a row for each freeze and window. Days are those of the viewer's time zone. */
export function Calendar({ freezes, windows, onSelect }: CalendarProps) {
  const now = useNow();
  const start = new Date(now).setHours(0, 0, 0, 0);
  const days = Array.from({ length: DAYS }, (_, index) => {
    const day = new Date(start);
    day.setDate(day.getDate() + index);
    return day;
  });
  const end = new Date(start).setDate(new Date(start).getDate() + DAYS);
  const clip = (from: string, to: string | null): Bar[] => {
    const bar = { from: Math.max(Date.parse(from), start), to: Math.min(to === null ? end : Date.parse(to), end) };
    return bar.from < bar.to ? [bar] : [];
  };
  const place = ({ from, to }: Bar) => ({
    insetInlineStart: `${((from - start) / (end - start)) * 100}%`,
    inlineSize: `${((to - from) / (end - start)) * 100}%`,
  });
  const rows = [
    ...freezes.map(({ id, reason, scope, startsAt, endsAt }) => ({
      id,
      kind: "FREEZE",
      name: reason,
      about: `frozen: ${describeScope(scope)}`,
      bars: clip(startsAt, endsAt),
      problem: null,
      select: () => document.getElementById(id)?.focus(),
    })),
    ...windows.map((window) => ({
      id: window.id,
      kind: window.kind,
      name: window.name,
      about: `${window.kind === "ALLOW" ? "open only then" : "closed then"}: ${describeScope(window.scope)}`,
      bars: window.occurrences.flatMap(({ startsAt, endsAt }) => clip(startsAt, endsAt)),
      problem: window.problem,
      select: () => onSelect(window),
    })),
  ];
  return (
    <section className={page.panel} aria-labelledby="calendar">
      <h2 id="calendar">The next 14 days</h2>
      {rows.length === 0 ? (
        <p className={styles.empty}>There are no deployment windows and no freezes.</p>
      ) : (
        // The keyboard reaches it by the buttons of the rows.
        <div className={page.scroll}>
          <div className={styles.calendar}>
            <div className={styles.days} aria-hidden="true">
              {days.map((day) => (
                <span key={day.getTime()} data-weekend={day.getDay() % 6 === 0 || undefined}>
                  {day.toLocaleDateString(undefined, { weekday: "short" })} <b>{day.getDate()}</b>
                </span>
              ))}
            </div>
            <ul>
              {rows.map(({ id, kind, name, about, bars, problem, select }) => (
                <li key={id} className={styles.line}>
                  <div className={styles.label}>
                    <button type="button" onClick={select}>
                      {name}
                    </button>
                    <span className={problem === null ? styles.about : page.reason}>{problem ?? about}</span>
                  </div>
                  <div className={styles.track}>
                    {bars.map((bar) => (
                      <span
                        key={bar.from}
                        role="img"
                        className={styles.bar}
                        data-kind={kind}
                        style={place(bar)}
                        aria-label={`${formatTime(bar.from)} to ${formatTime(bar.to)}`}
                        title={`${formatTime(bar.from)} – ${formatTime(bar.to)}`}
                      />
                    ))}
                    <i className={styles.now} style={place({ from: now, to: now })} />
                  </div>
                </li>
              ))}
            </ul>
          </div>
        </div>
      )}
    </section>
  );
}
