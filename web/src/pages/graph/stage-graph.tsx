import { memo } from "react";
import { Link } from "react-router";
import { ROVING, useRoving } from "../../ui/controls/roving";
import { StateShape } from "../../ui/icons/icons";
import { count, firstLine, STAGE_NAMES, shortSha } from "../../ui/text/format";
import { findAppState } from "../board/cards/app-state";
import type { BoardApp } from "../board/model";
import { describeBlockers } from "../board/plans/blockers";
import type { Plans, StagePlan } from "../board/plans/use-plans";
import styles from "./graph.module.css";
import { dotSize, type GraphLayout, type GraphNode, placeApp } from "./layout";

interface StageGraphProps {
  readonly name: string;
  readonly layout: GraphLayout;
  readonly plans: Plans;
  /** The pixels of a rem. */
  readonly rem: number;
}

/** The stages, what runs on them, and the way of each build, as SVG. Arrow keys move among the apps. */
export function StageGraph({ name, layout, plans, rem }: StageGraphProps) {
  const { columns, nodes, edges, width, height } = layout;
  const roving = useRoving();
  const first = nodes.find(({ apps }) => apps.length > 0)?.apps[0]?.id;
  return (
    <section aria-label={`The stages of ${name}`} {...roving}>
      <svg
        role="none"
        viewBox={`0 0 ${width} ${height}`}
        style={{ inlineSize: `${width}rem`, blockSize: `${height}rem` }}
        className={styles.graph}
      >
        <g>
          {edges.map(({ key, kind, path }) => (
            <path key={key} d={path} className={styles.edge} data-kind={kind} />
          ))}
        </g>
        {columns.map(({ stage, x, y, width, apps }) => (
          <g key={stage} transform={`translate(${x} ${y})`}>
            <text className={styles.stage} y="1.2">
              {STAGE_NAMES[stage]} <tspan className={styles.muted}>{apps}</tspan>
            </text>
            <PlanText plan={plans.stages.get(stage)} width={width} />
          </g>
        ))}
        {nodes.map((node) =>
          node.waiting === null ? (
            <Station key={node.key} node={node} rem={rem} first={first} />
          ) : (
            <WaitingStation key={node.key} node={node} />
          ),
        )}
        {edges.flatMap(({ key, ends }) =>
          ends.map(([x, y]) => <circle key={`${key} ${x}`} className={styles.stop} cx={x} cy={y} r="0.28" />),
        )}
      </svg>
    </section>
  );
}

/** What would come to the next stage, or what holds it back. */
function PlanText({ plan, width }: { readonly plan: StagePlan | undefined; readonly width: number }) {
  if (plan?.to == null || plan.source === null || plan.targets.length === 0) return null;
  const to = STAGE_NAMES[plan.to].toLowerCase();
  const isUpToDate = plan.targets.every(({ upToDate }) => upToDate);
  const kind = isUpToDate ? "same" : plan.promotable ? "ready" : "held";
  const text = isUpToDate
    ? `${to} is up to date`
    : plan.promotable
      ? `ready for ${to}`
      : describeBlockers(plan.blockers);
  return (
    <text className={styles.plan} y="2.5" data-kind={kind}>
      {cut(text, width, 0.8)}
      <title>{plan.blockers.map(({ message }) => message).join("\n") || text}</title>
    </text>
  );
}

interface StationProps {
  readonly node: GraphNode;
  readonly rem: number;
  /** The app at which Tab stops before another one had the focus. */
  readonly first: string | undefined;
}

const Station = memo(function Station({ node, rem, first }: StationProps) {
  const { x, y, width, height, release, apps } = node;
  const commit = release?.build.commit;
  return (
    <g transform={`translate(${x} ${y})`}>
      <rect className={styles.node} width={width} height={height} rx="0.6" />
      <text className={styles.sha} x="0.75" y="1.25">
        {commit === undefined ? "No release yet" : shortSha(commit.sha)}
        <tspan className={styles.muted}>{`  ${count(apps.length, "app")}`}</tspan>
      </text>
      <text className={styles.message} x="0.75" y="2.25">
        {cut(firstLine(commit?.message ?? null), width - 1.5, 0.8)}
        <title>{commit?.message ?? ""}</title>
      </text>
      {apps.map((app, index) => (
        <AppMark
          key={app.id}
          app={app}
          width={width}
          first={app.id === first}
          rem={rem}
          {...placeApp(node, index, rem)}
        />
      ))}
    </g>
  );
});

interface AppMarkProps {
  readonly app: BoardApp;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  /** Whether its name is shown beside it. */
  readonly named: boolean;
  readonly first: boolean;
  readonly rem: number;
}

function AppMark({ app, x, y, width, named, first, rem }: AppMarkProps) {
  const { icon, word, current, next } = findAppState(app);
  const version = `${current === null ? "" : `v${current.version}`}${next === null ? "" : ` → v${next.version}`}`;
  const size = dotSize(rem);
  const shape = (
    <g
      transform={`translate(${x + (named ? 0.05 : (size - 1) / 2 - 0.2)} ${y + (named ? 0.3 : (size - 1) / 2)}) scale(0.0625)`}
    >
      <StateShape state={icon} label={named ? word : undefined} />
    </g>
  );
  return (
    <Link
      to={`/apps/${app.name}`}
      aria-label={named ? undefined : `${app.name} ${version} ${word}`}
      className={styles.app}
      tabIndex={first ? 0 : -1}
      {...{ [ROVING]: "" }}
    >
      <rect
        className={styles.hit}
        x={x - 0.2}
        y={y}
        width={named ? width - 1.1 : size}
        height={named ? 1.6 : size}
        rx="0.3"
      />
      {named ? (
        <>
          <text className={styles.name} x={x + 1.5} y={y + 1.15}>
            {cut(app.name, width - 3.6 - version.length * 0.55, 0.9)}
          </text>{" "}
          <text className={styles.version} x={width - 0.75} y={y + 1.15}>
            {version}
          </text>{" "}
          {shape}
        </>
      ) : (
        <>
          <title>{`${app.name} ${version} ${word}`}</title>
          {shape}
        </>
      )}
    </Link>
  );
}

function WaitingStation({ node }: { readonly node: GraphNode }) {
  const { x, y, width, height, waiting } = node;
  if (waiting === null) return null;
  const { id, source, release, blockers } = waiting;
  const what = `${source?.name ?? "a deleted app"} v${release.version} waits`;
  const why = describeBlockers(blockers);
  return (
    <Link to={`/promotions/${id}`} className={styles.app}>
      <g transform={`translate(${x} ${y})`}>
        <rect className={styles.waiting} width={width} height={height} rx="0.6" />
        <text className={styles.name} x="0.75" y="1.3">
          {cut(what, width - 1.5, 0.9)}
        </text>{" "}
        <text className={styles.message} x="0.75" y="2.45">
          {cut(why, width - 1.5, 0.8)}
        </text>
      </g>
    </Link>
  );
}

/** Cuts a text to a width: SVG has no ellipsis. A character is about 0.56 of the font size wide. */
function cut(text: string, width: number, fontSize: number): string {
  const length = Math.max(1, Math.floor(width / (fontSize * 0.56)));
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
