import { useEffect, useLayoutEffect, useMemo, useState } from "react";
import { useParams } from "react-router";
import { useIsStale } from "../../shell/live-badge";
import { Message, NotFound } from "../../ui/message";
import page from "../../ui/page.module.css";
import { usePlans } from "../board/plans/use-plans";
import { useBoard } from "../board/use-board";
import { GateBanner } from "../freezes/freeze-banner";
import { PipelineTabs } from "../timeline/pipeline-tabs";
import styles from "./graph.module.css";
import { layOut } from "./layout";
import { StageGraph } from "./stage-graph";

/** `/pipelines/NAME/graph`: the stages as a graph of builds, and how far each has come. */
export default function GraphPage() {
  const { pipeline: name = "" } = useParams();
  const { board, loaded, error, revision } = useBoard(name);
  const plans = usePlans(board?.pipeline.id, revision);
  const stale = useIsStale() || error !== null;
  const [room, setRoom] = useState<HTMLDivElement | null>(null);
  const { width, rem } = useRoom(room);

  useEffect(() => {
    document.title = `Graph of ${board?.pipeline.name ?? name} · Railyard`;
  }, [board?.pipeline.name, name]);

  const layout = useMemo(
    () => (board === null || width === 0 ? null : layOut(board, plans, width / rem, rem)),
    [board, plans, width, rem],
  );
  if (board === null) {
    if (!loaded) return <Message title="Loading …" />;
    return error === null ? <NotFound what="pipeline" /> : <Message title={error.message}>It is tried again.</Message>;
  }
  return (
    <>
      <div className={page.header}>
        <div>
          <h1>{board.pipeline.name}</h1>
          <PipelineTabs pipeline={board.pipeline.name} />
        </div>
        <ul className={styles.legend} aria-label="Lines">
          <li data-kind="same">runs on both stages</li>
          <li data-kind="ready">can be promoted</li>
          <li data-kind="held">is held back</li>
        </ul>
      </div>
      <GateBanner stages={board.pipeline.stages} />
      <div ref={setRoom} className={stale ? `${styles.room} ${page.stale}` : styles.room}>
        {layout !== null && <StageGraph name={board.pipeline.name} layout={layout} plans={plans} rem={rem} />}
      </div>
    </>
  );
}

/** The width of an element, and of a rem, in pixels. */
function useRoom(room: HTMLDivElement | null) {
  const [size, setSize] = useState({ width: 0, rem: 16 });
  useLayoutEffect(() => {
    if (room === null) return;
    const measure = () => {
      const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
      setSize({ width: room.clientWidth, rem });
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(room);
    return () => observer.disconnect();
  }, [room]);
  return size;
}
