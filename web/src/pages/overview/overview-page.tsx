import { memo, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { Link, useSearchParams } from "react-router";
import { useIsStale } from "../../shell/live-badge";
import { ROVING, useRoving } from "../../ui/controls/roving";
import { Icon, StateIcon } from "../../ui/icons/icons";
import { Message } from "../../ui/message";
import { count, STAGE_NAMES } from "../../ui/text/format";
import { useWaiting } from "../approvals/use-waiting";
import styles from "./overview-page.module.css";
import { compareSummaries, type Summary, withWaiting } from "./summary";
import { useOverview } from "./use-overview";

/** Rows are added as the list is scrolled, in steps. */
const STEP = 30;

/** `/`: all pipelines, those that need attention first. */
export default function OverviewPage() {
  const { pipelines, total, error } = useOverview();
  const stale = useIsStale() || error !== null;
  const [search, setSearch] = useState("");
  const wanted = useDeferredValue(search.trim().toLowerCase());

  useEffect(() => {
    document.title = "Pipelines · Railyard";
  }, []);

  const waiting = useWaiting();
  const [params, setParams] = useSearchParams();
  const onlyMine = params.get("waiting") === "me";
  // Sorted once, so that a key in the search box only filters.
  const sorted = useMemo(
    () =>
      [...pipelines.values()]
        .map((summary) => withWaiting(summary, waiting.pipelines.get(summary.id)))
        .sort(compareSummaries),
    [pipelines, waiting.pipelines],
  );
  const found = useMemo(
    () =>
      sorted.filter(
        ({ id, name, repository }) =>
          (name.includes(wanted) || repository?.includes(wanted)) &&
          (!onlyMine || (waiting.pipelines.get(id)?.mine ?? 0) > 0),
      ),
    [sorted, wanted, onlyMine, waiting.pipelines],
  );
  const urgent = found.filter(({ rank }) => rank === 0).length;

  if (total === null) return <Message title={error?.message ?? "Loading …"} />;
  if (total === 0) {
    return (
      <Message title="There are no pipelines yet.">
        <p>
          Create one with <code>railyard pipelines:create NAME</code>, or with the mutation <code>createPipeline</code>.
          It appears here.
        </p>
      </Message>
    );
  }
  return (
    <>
      <div className={styles.header}>
        <div>
          <h1>Pipelines</h1>
          <p className={styles.facts}>
            {wanted === "" && !onlyMine ? count(total, "pipeline") : `${found.length} of ${count(total, "pipeline")}`}
            {urgent > 0 && <span className={styles.urgent}>{urgent} need attention</span>}
          </p>
        </div>
        <div className={styles.tools}>
          {(waiting.mine > 0 || onlyMine) && (
            <button
              type="button"
              className={styles.mine}
              aria-pressed={onlyMine}
              onClick={() => setParams(onlyMine ? {} : { waiting: "me" }, { replace: true })}
            >
              Waiting for my approval <b>{waiting.moreMine ? `${waiting.mine}+` : waiting.mine}</b>
            </button>
          )}
          <label className={styles.search}>
            <Icon name="search" size={14} />
            <span className="visually-hidden">Search pipelines</span>
            <input
              type="search"
              value={search}
              onChange={(event) => setSearch(event.target.value)}
              placeholder="Search pipelines"
              spellCheck={false}
            />
          </label>
        </div>
      </div>
      {found.length === 0 ? (
        <Message title="No pipeline matches." />
      ) : (
        <Rows summaries={found} wanted={wanted} stale={stale} />
      )}
    </>
  );
}

interface RowsProps {
  readonly summaries: readonly Summary[];
  /** The text that is searched for: another one starts at the top of the list. */
  readonly wanted: string;
  readonly stale: boolean;
}

/** The list, apart from the page: a key in the search box renders it once, after the key has been shown. */
const Rows = memo(function Rows({ summaries, wanted, stale }: RowsProps) {
  const [scrolled, setScrolled] = useState({ wanted, limit: STEP });
  if (scrolled.wanted !== wanted) setScrolled({ wanted, limit: STEP });
  const { limit } = scrolled;
  const roving = useRoving();
  return (
    <>
      <ul className={styles.list} data-stale={stale || undefined} {...roving}>
        {summaries.slice(0, limit).map((summary, index) => (
          <Row key={summary.id} summary={summary} first={index === 0} />
        ))}
      </ul>
      {limit < summaries.length && <More key={limit} onVisible={() => setScrolled({ wanted, limit: limit + STEP })} />}
    </>
  );
});

const Row = memo(function Row({ summary, first }: { readonly summary: Summary; readonly first: boolean }) {
  const { name, repository, description, stages, attention, vote, note } = summary;
  return (
    <li className={styles.row} data-rank={summary.rank} data-vote={vote !== null || undefined}>
      <div className={styles.names}>
        <Link to={`/pipelines/${name}`} {...{ [ROVING]: "" }} tabIndex={first ? 0 : -1}>
          {name}
        </Link>
        <span className={styles.about}>{description === "" ? repository : description}</span>
      </div>
      <ul className={styles.stages} aria-label="Stages">
        {stages
          .filter(({ stage }) => stage !== "REVIEW")
          .map(({ stage, icon, text, builds, apps }) => (
            <li key={stage} className={styles.stage} data-empty={apps === 0 || undefined}>
              <StateIcon
                state={icon}
                size={13}
                label={apps === 0 ? "no apps" : icon === "bad" ? "failed" : undefined}
              />
              <span className={styles.stageName}>
                {STAGE_NAMES[stage]}
                {apps > 1 && <span className={styles.apps}> {apps}</span>}
              </span>
              {builds > 1 ? <span>{count(builds, "build")}</span> : <code>{text}</code>}
            </li>
          ))}
      </ul>
      <p className={styles.note}>
        {vote !== null && <span className={styles.vote}>{vote}</span>}
        {attention !== null ? <span className={styles.urgent}>{attention}</span> : note !== null && <span>{note}</span>}
      </p>
    </li>
  );
});

/** Below the rows: calls back when it is scrolled into view. */
function More({ onVisible }: { onVisible(): void }) {
  const element = useRef<HTMLDivElement>(null);
  const latest = useRef(onVisible);
  latest.current = onVisible;
  useEffect(() => {
    if (element.current === null) return;
    // A busy page is told of several changes at once.
    const show = (entries: readonly IntersectionObserverEntry[]) =>
      entries.some(({ isIntersecting }) => isIntersecting) && latest.current();
    const observer = new IntersectionObserver(show, {
      rootMargin: "600px",
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return <div ref={element} className={styles.more} />;
}
