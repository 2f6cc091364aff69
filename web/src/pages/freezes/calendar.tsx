import { useNow } from "../../api/clock";
import type { FreezeRowFragment, FreezesQuery } from "../../gql/graphql";
import page from "../../ui/page.module.css";
import styles from "./freezes.module.css";
import { describeScope } from "./scope";

type Window = FreezesQuery["deploymentWindows"]["nodes"][number];

const DAYS = 14;

interface Bar {
  readonly from: number;
  readonly to: number;
}

interface CalendarProps {
  readonly freezes: readonly FreezeRowFragment[];
  readonly windows: readonly Window[];
}

/** The next 14 days as a strip: a row for each freeze and window. Days are those of the viewer's time zone. */
export function Calendar({ freezes, windows }: CalendarProps) {
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
    })),
    ...windows.map(({ id, name, kind, scope, occurrences, problem }) => ({
      id,
      kind,
      name,
      about: `${kind === "ALLOW" ? "only then" : "not then"}: ${describeScope(scope)}`,
      bars: occurrences.flatMap(({ startsAt, endsAt }) => clip(startsAt, endsAt)),
      problem,
    })),
  ];
  return (
    <section className={page.panel} aria-labelledby="calendar">
      <h2 id="calendar">The next 14 days</h2>
      {rows.length === 0 ? (
        <p className={styles.empty}>There are no deployment windows and no freezes.</p>
      ) : (
        // Nothing inside takes the focus: so that the keyboard can scroll it.
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable.
        // biome-ignore lint/a11y/useSemanticElements: it is no fieldset.
        <div className={page.scroll} role="group" aria-label="Calendar" tabIndex={0}>
          <div className={styles.calendar}>
            <div className={styles.days} aria-hidden="true">
              {days.map((day) => (
                <span key={day.getTime()} data-weekend={day.getDay() % 6 === 0 || undefined}>
                  {day.toLocaleDateString(undefined, { weekday: "short" })} <b>{day.getDate()}</b>
                </span>
              ))}
            </div>
            <ul>
              {rows.map(({ id, kind, name, about, bars, problem }) => (
                <li key={id} className={styles.line}>
                  <div className={styles.label}>
                    <b>{name}</b>
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
                        aria-label={`${new Date(bar.from).toLocaleString()} to ${new Date(bar.to).toLocaleString()}`}
                        title={`${new Date(bar.from).toLocaleString()} – ${new Date(bar.to).toLocaleString()}`}
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
