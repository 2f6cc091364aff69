import { memo } from "react";
import { Link } from "react-router";
import type { EventLineFragment } from "../../gql/graphql";
import { useIsStale } from "../../shell/live-badge";
import { Button } from "../../ui/controls/button";
import { StateIcon } from "../../ui/icons/icons";
import { Message } from "../../ui/message";
import page from "../../ui/page.module.css";
import { Age } from "../../ui/text/age";
import { describeEvent } from "./describe-event";
import styles from "./event-list.module.css";
import { type TimelineFilter, useTimeline } from "./use-timeline";

interface EventListProps {
  readonly filter: TimelineFilter;
  /** Whether each line names its pipeline. */
  readonly withPipeline?: boolean;
}

/** Events, the newest first: new ones appear at the top, older ones are loaded on request. */
export function EventList({ filter, withPipeline = false }: EventListProps) {
  const { events, loaded, hasOlder, error, loadOlder } = useTimeline(filter);
  const stale = useIsStale() || error !== null;
  if (!loaded) return <Message title={error?.message ?? "Loading …"} />;
  if (events.length === 0) return <Message title="Nothing has happened yet." />;
  return (
    <section className={page.panel} data-stale={stale || undefined} aria-label="Events">
      <ol className={styles.events}>
        {events.map((event) => (
          <Line key={event.id} event={event} withPipeline={withPipeline} />
        ))}
      </ol>
      <div className={page.more}>
        {hasOlder ? (
          <Button kind="plain" onClick={loadOlder}>
            Older events
          </Button>
        ) : (
          <span className={page.muted}>This is the beginning of the log.</span>
        )}
      </div>
    </section>
  );
}

interface LineProps {
  readonly event: EventLineFragment;
  readonly withPipeline: boolean;
}

const Line = memo(function Line({ event, withPipeline }: LineProps) {
  const { icon, text, link, detail } = describeEvent(event);
  return (
    <li className={styles.event}>
      <StateIcon state={icon} size={14} />
      <div>
        <p>{link === null ? text : <Link to={link}>{text}</Link>}</p>
        {detail !== null && <p className={styles.detail}>{detail}</p>}
      </div>
      <span className={styles.who}>
        {withPipeline && event.pipeline !== null && (
          <Link to={`/pipelines/${event.pipeline.name}`}>{event.pipeline.name}</Link>
        )}
        <span>{event.actor.name}</span>
        <Age time={event.occurredAt} />
      </span>
    </li>
  );
});
