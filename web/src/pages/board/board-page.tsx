import { type CSSProperties, lazy, Suspense, useDeferredValue, useEffect, useMemo, useState } from "react";
import { useParams } from "react-router";
import { ActionsProvider } from "../../acting/actions";
import { loadPart } from "../../api/load-part";
import type { Stage } from "../../gql/graphql";
import { useHasRole } from "../../session/session";
import { useIsStale } from "../../shell/live-badge";
import { Button } from "../../ui/controls/button";
import { Icon } from "../../ui/icons/icons";
import { Message, NotFound } from "../../ui/message";
import { count, NEXT_STAGE } from "../../ui/text/format";
import { VotingProvider } from "../approvals/voting";
import { GateBanner } from "../freezes/freeze-banner";
import { PipelineTabs } from "../timeline/pipeline-tabs";
import styles from "./board-page.module.css";
import { findAppState } from "./cards/app-state";
import { isCrowded, StageColumn } from "./columns/stage-column";
import type { Board } from "./model";
import { usePlans } from "./plans/use-plans";
import { useBoard } from "./use-board";

const StartFreezeDialog = lazy(() => loadPart(() => import("../freezes/start-freeze-dialog")));

/** Boards with more apps than this get a filter. */
const FILTER_FROM = 12;
/** `/pipelines/NAME`: what runs on which stage, and what would come next. */
export function BoardPage() {
  const { pipeline: name = "" } = useParams();
  const { board, loaded, error, revision } = useBoard(name);
  const plans = usePlans(board?.pipeline.id, revision);
  const stale = useIsStale() || error !== null;
  const [filter, setFilter] = useState("");
  const wanted = useDeferredValue(filter.trim().toLowerCase());
  const required = useRequiredChecks(board);

  useEffect(() => {
    document.title = `${board?.pipeline.name ?? name} · Railyard`;
  }, [board?.pipeline.name, name]);

  if (board === null) {
    if (!loaded) return <Message title="Loading …" />;
    return error === null ? <NotFound what="pipeline" /> : <Message title={error.message}>It is tried again.</Message>;
  }
  const { apps, pullRequests } = board;
  // Without review apps, the stage would only take space.
  const columns = board.stages.filter(({ stage, appIds }) => stage !== "REVIEW" || appIds.length > 0);
  return (
    <VotingProvider>
      <ActionsProvider revision={revision}>
        <BoardHeader board={board} filter={filter} onFilter={setFilter} />
        <GateBanner stages={board.pipeline.stages} />
        <div className={styles.board} data-stale={stale || undefined} style={toGrid(columns)}>
          {columns.map(({ stage, appIds }) => {
            const listed = appIds.flatMap((id) => apps.get(id) ?? []);
            const next = NEXT_STAGE[stage];
            const before = (Object.keys(NEXT_STAGE) as Stage[]).find((one) => NEXT_STAGE[one] === stage);
            return (
              <StageColumn
                key={stage}
                pipeline={board.pipeline.id}
                stage={stage}
                apps={wanted === "" ? listed : listed.filter((app) => app.name.includes(wanted))}
                total={listed.length}
                required={required.get(next ?? stage) ?? NONE}
                plan={plans.stages.get(stage)}
                before={before ?? null}
                planInto={before && plans.stages.get(before)}
                waiting={plans.waiting.get(stage) ?? NOTHING}
                pullRequests={pullRequests}
              />
            );
          })}
        </div>
      </ActionsProvider>
    </VotingProvider>
  );
}

/** Columns of many apps are wider. */
function toGrid(columns: Board["stages"]): CSSProperties {
  const widths = columns.map(({ appIds }) => `minmax(0, ${isCrowded(appIds.length) ? 2.4 : 1}fr)`);
  // The style sheet has one column instead on small screens.
  const style: CSSProperties & { "--columns": string } = { "--columns": widths.join(" ") };
  return style;
}

const NONE: ReadonlySet<string> = new Set();
const NOTHING: readonly never[] = [];

/** The checks that the apps of each stage require. The sets change only if the checks do, so that cards are not rendered again. */
function useRequiredChecks(board: Board | null): ReadonlyMap<Stage, ReadonlySet<string>> {
  const contexts = (board?.stages ?? []).map(({ stage, appIds }) => {
    const all = appIds.flatMap((id) => board?.apps.get(id)?.coupling?.requiredChecks ?? []);
    return [stage, [...new Set(all)].sort()] as const;
  });
  const key = JSON.stringify(contexts);
  return useMemo(() => {
    const parsed = JSON.parse(key) as [Stage, string[]][];
    return new Map(parsed.map(([stage, names]) => [stage, new Set(names)]));
  }, [key]);
}

interface HeaderProps {
  readonly board: Board;
  readonly filter: string;
  onFilter(text: string): void;
}

function BoardHeader({ board, filter, onFilter }: HeaderProps) {
  const { pipeline, apps } = board;
  const mayFreeze = useHasRole("OPERATOR");
  const [freezing, setFreezing] = useState(false);
  const states = [...apps.values()].map(findAppState);
  const deploying = states.filter(({ rank, next }) => rank === 1 && next !== null).length;
  const verifying = states.filter(({ rank, next }) => rank === 1 && next === null).length;
  const failed = states.filter(({ rank }) => rank === 0).length;
  return (
    <div className={styles.header}>
      <div className={styles.titles}>
        <h1>{pipeline.name}</h1>
        <p className={styles.facts}>
          {pipeline.repository !== null && (
            <span className={styles.fact}>
              <Icon name="branch" size={14} />
              {pipeline.repository}
              {pipeline.component !== null && ` (${pipeline.component})`} · {pipeline.branch}
            </span>
          )}
          <span>{count(apps.size, "app")}</span>
          {deploying > 0 && <span className={styles.busy}>{deploying} deploying</span>}
          {verifying > 0 && <span className={styles.busy}>{verifying} verifying</span>}
          {failed > 0 && <span className={styles.bad}>{failed} failed</span>}
        </p>
        <PipelineTabs pipeline={pipeline.name} />
      </div>
      <div className={styles.tools}>
        {mayFreeze && (
          <Button kind="plain" onClick={() => setFreezing(true)}>
            <Icon name="snow" size={14} /> Freeze
          </Button>
        )}
        {apps.size > FILTER_FROM && (
          <label className={styles.filter}>
            <Icon name="search" size={14} />
            <span className="visually-hidden">Filter apps</span>
            <input
              type="search"
              value={filter}
              onChange={(event) => onFilter(event.target.value)}
              placeholder="Filter apps"
              spellCheck={false}
            />
          </label>
        )}
      </div>
      {freezing && (
        <Suspense fallback={null}>
          <StartFreezeDialog pipeline={pipeline.name} onClose={() => setFreezing(false)} />
        </Suspense>
      )}
    </div>
  );
}
