import { useEffect } from "react";
import { useLive } from "../../api/use-live";
import { ApprovalsDocument, type WaitingPromotionFragment } from "../../gql/graphql";
import { useIsStale } from "../../shell/live-badge";
import { Message } from "../../ui/message";
import page from "../../ui/page.module.css";
import styles from "./approvals.module.css";
import { BLOCKER_EVENTS } from "./use-waiting";
import { VotingProvider } from "./voting";
import { WaitingCard } from "./waiting-card";

/** `/approvals`: the promotions that wait, those for the viewer's vote first. */
export default function ApprovalsPage() {
  const { data, error } = useLive(ApprovalsDocument, {}, { types: BLOCKER_EVENTS });
  const stale = useIsStale() || error !== null;

  useEffect(() => {
    document.title = "Approvals · Railyard";
  }, []);

  if (data === null) return <Message title={error?.message ?? "Loading …"} />;
  const { awaitingMyApproval: mine, promotions: all } = data;
  const shown = mine.nodes.length;
  const more = mine.pageInfo.hasNextPage;
  const ids = new Set(mine.nodes.map(({ id }) => id));
  const others = all.nodes.filter(({ id }) => !ids.has(id));
  return (
    <VotingProvider>
      <div className={stale ? page.stale : undefined}>
        <div className={page.header}>
          <div>
            <h1>Approvals</h1>
            <p className={page.facts}>
              <span>{describeMine(shown, more)}</span>
              <span>{all.totalCount === 0 ? "No promotion waits" : `${all.totalCount} wait in all`}</span>
            </p>
          </div>
        </div>
        {shown > 0 && <Section title="Waiting for your vote" nodes={mine.nodes} totalCount={more ? null : shown} />}
        {others.length > 0 && (
          <Section
            title="Waiting for others, or for something else"
            nodes={others}
            totalCount={all.totalCount - (all.nodes.length - others.length)}
          />
        )}
        {all.totalCount === 0 && shown === 0 && (
          <Message title="No promotion waits.">
            <p>
              Promotions that need an approval, a check or time appear here, if they were asked to wait: with “Promote
              when ready” on a board, or with <code>railyard promote --when-ready</code>.
            </p>
          </Message>
        )}
      </div>
    </VotingProvider>
  );
}

function describeMine(shown: number, more: boolean): string {
  if (shown > 0) return `${shown}${more ? " or more" : ""} wait for your vote`;
  return more ? "None of the oldest waits for your vote" : "Nothing waits for your vote";
}

interface SectionProps {
  readonly title: string;
  readonly nodes: readonly WaitingPromotionFragment[];
  /** Null if there may be more, but how many is unknown. */
  readonly totalCount: number | null;
}

function Section({ title, nodes, totalCount }: SectionProps) {
  return (
    <section className={styles.section} aria-label={title}>
      <h2>
        {title} <span className={page.muted}>{totalCount ?? `${nodes.length}+`}</span>
      </h2>
      <ul className={styles.cards}>
        {nodes.map((promotion) => (
          <WaitingCard key={promotion.id} promotion={promotion} />
        ))}
      </ul>
      {nodes.length !== totalCount && <p className={page.muted}>The {nodes.length} oldest.</p>}
    </section>
  );
}
