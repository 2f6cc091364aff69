import type { Stage, WaitingPromotionFragment } from "../../gql/graphql";
import { NEXT_STAGE } from "../../ui/text/format";
import { findAppState } from "../board/cards/app-state";
import type { Board, BoardApp, BoardRelease } from "../board/model";
import type { Plans } from "../board/plans/use-plans";

/** Up to this many apps of a group are listed by name. More are drawn as dots. */
const NAMED = 6;
/** In rem. */
const MIN_COLUMN = 13.5;
/** Between columns: wide enough for the lines, and less where the names of apps need the room. */
const GAP = 4.5;
const SMALL_GAP = 3;
const WIDE = 80;
const NODE_GAP = 0.9;
const HEADING = 3.4;
const TITLE = 2.9;
const ROW = 1.7;
const PADDING = 0.75;
const LANE = 0.7;
const MAX_LANES = 5;
/** Where lines meet a node, below its top. */
const STOP = 1.45;

/** The apps of a stage that run the same build, or a promotion that waits to come there. */
export interface GraphNode {
  readonly key: string;
  readonly stage: Stage;
  /** What the apps run; null if they run nothing yet. */
  readonly release: BoardRelease | null;
  readonly apps: readonly BoardApp[];
  readonly waiting: WaitingPromotionFragment | null;
  /** In rem, as all lengths here. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** `same`: the build runs on both stages. `next`: a promotion would bring it; it is `ready`, or something holds it back. */
export interface GraphEdge {
  readonly key: string;
  readonly kind: "same" | "ready" | "held";
  readonly path: string;
  /** Where it begins and ends. */
  readonly ends: readonly (readonly [x: number, y: number])[];
}

export interface Column {
  readonly stage: Stage;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly apps: number;
}

export interface GraphLayout {
  readonly columns: readonly Column[];
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  readonly width: number;
  readonly height: number;
}

type Content = Pick<GraphNode, "key" | "stage" | "release" | "apps" | "waiting">;

/** The length of a side of an app's dot. At least 24 pixels, so that it can be hit. */
export function dotSize(rem: number): number {
  return Math.max(1.5, 24 / rem);
}

/** Where the dot or the line of an app is inside of its node. */
export function placeApp(node: Pick<GraphNode, "apps" | "width">, index: number, rem: number) {
  if (node.apps.length <= NAMED) return { x: PADDING, y: TITLE + index * ROW, named: true };
  const size = dotSize(rem);
  const perRow = countPerRow(node.width, size);
  return { x: PADDING + (index % perRow) * size, y: TITLE + Math.floor(index / perRow) * size, named: false };
}

function countPerRow(width: number, size: number): number {
  return Math.max(1, Math.floor((width - 2 * PADDING) / size));
}

/**
 * Arranges the stages of a board from left to right, or from top to bottom where there is not enough room.
 *
 * @param width the room, in rem
 * @param rem the pixels of a rem
 */
export function layOut(board: Board, plans: Plans, width: number, rem: number): GraphLayout {
  const number = listStages(board).length;
  const gap = width < WIDE ? SMALL_GAP : GAP;
  const column = (width - gap * (number - 1)) / number;
  if (column >= MIN_COLUMN) {
    const { nodes, ...placed } = place(board, plans, column, rem, (index) => ({ x: index * (column + gap), y: 0 }));
    return { ...placed, nodes, edges: findLinks(nodes, plans).map(toCurve), width };
  }
  // The lanes need room: their number does not depend on it.
  const lanes = new Set(
    findLanes(findLinks(place(board, plans, width, rem, () => ({ x: 0, y: 0 })).nodes, plans)).values(),
  );
  const gutter = lanes.size === 0 ? 0 : LANE * (lanes.size + 0.5);
  const { nodes, ...placed } = place(board, plans, width - gutter, rem, (_, end) => ({ x: gutter, y: end }));
  const links = findLinks(nodes, plans);
  const byNode = findLanes(links);
  return { ...placed, nodes, edges: links.map((link) => toLane(link, byNode.get(link.from) ?? 0)), width };
}

/** The stages that are shown: without review apps, that stage would only take room. */
function listStages(board: Board) {
  return board.stages.filter(({ stage, appIds }) => stage !== "REVIEW" || appIds.length > 0);
}

/**
 * Places the stages, each with its nodes below its heading.
 *
 * @param width of a node
 * @param start where a stage begins, by its index and the end of the one before it
 */
function place(
  board: Board,
  plans: Plans,
  width: number,
  rem: number,
  start: (index: number, end: number) => { readonly x: number; readonly y: number },
): Pick<GraphLayout, "columns" | "nodes" | "height"> {
  const columns: Column[] = [];
  const nodes: GraphNode[] = [];
  let end = 0;
  let height = 0;
  for (const [index, { stage, appIds }] of listStages(board).entries()) {
    const { x, y } = start(index, end);
    columns.push({ stage, x, y, width, apps: appIds.length });
    end = y + HEADING;
    const apps = appIds.flatMap((id) => board.apps.get(id) ?? []);
    for (const content of groupApps(stage, apps, plans)) {
      const node = { ...content, x, y: end, width };
      const size = measureHeight(node, rem);
      nodes.push({ ...node, height: size });
      end += size + NODE_GAP;
    }
    end += NODE_GAP;
    height = Math.max(height, end);
  }
  return { columns, nodes, height };
}

function measureHeight(node: Pick<GraphNode, "apps" | "width" | "waiting">, rem: number): number {
  if (node.waiting !== null) return TITLE + 0.4;
  if (node.apps.length <= NAMED) return TITLE + node.apps.length * ROW + PADDING;
  const size = dotSize(rem);
  return TITLE + Math.ceil(node.apps.length / countPerRow(node.width, size)) * size + PADDING;
}

/** The promotions that wait to come to a stage, then its apps by what they run, the newest build first. */
function groupApps(stage: Stage, apps: readonly BoardApp[], plans: Plans): Content[] {
  const waiting = (plans.waiting.get(stage) ?? []).map((promotion) => ({
    ...{ key: `${stage} waiting ${promotion.id}`, stage, release: null, apps: [], waiting: promotion },
  }));
  const groups = new Map<string, { release: BoardRelease | null; apps: BoardApp[] }>();
  for (const app of apps) {
    const release = app.currentRelease;
    const key = release?.build.id ?? "";
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { release, apps: [app] });
    else group.apps.push(app);
  }
  const recency = orderBuilds(plans);
  const sorted = [...groups].sort(([a], [b]) => (recency.get(a) ?? 1e9) - (recency.get(b) ?? 1e9));
  return [
    ...waiting,
    ...sorted.map(([build, { release, apps }]) => {
      const byRank = [...apps].sort((a, b) => findAppState(a).rank - findAppState(b).rank);
      return { key: `${stage} ${build}`, stage, release, apps: byRank, waiting: null };
    }),
  ];
}

/** The builds that were released to the first stage, the newest first; then those of later stages. */
function orderBuilds({ stages }: Plans): Map<string, number> {
  const order = new Map<string, number>();
  for (const stage of ["DEVELOPMENT", "STAGING"] as const) {
    for (const { build } of stages.get(stage)?.source?.releases.nodes ?? []) {
      if (!order.has(build.id)) order.set(build.id, order.size);
    }
  }
  return order;
}

type Link = Pick<GraphEdge, "key" | "kind"> & { readonly from: GraphNode; readonly to: GraphNode };

function findLinks(nodes: readonly GraphNode[], plans: Plans): Link[] {
  const links: Link[] = [];
  const add = (kind: GraphEdge["kind"], from: GraphNode, to: GraphNode) =>
    links.push({ key: `${kind} ${from.key} ${to.key}`, kind, from, to });
  for (const node of nodes) {
    const next = nodes.filter(({ stage }) => stage === NEXT_STAGE[node.stage]);
    const build = node.release?.build.id;
    if (build === undefined) continue;
    for (const one of next) {
      if (one.release?.build.id === build) add("same", node, one);
      else if (one.waiting?.build.id === build) add("held", node, one);
    }
    const plan = plans.stages.get(node.stage);
    if (plan?.source == null || !node.apps.some(({ id }) => id === plan.source?.id)) continue;
    const open = new Set(plan.targets.filter(({ upToDate }) => !upToDate).map(({ app }) => app.id));
    for (const one of next) {
      if (one.apps.some(({ id }) => open.has(id))) add(plan.promotable ? "ready" : "held", node, one);
    }
  }
  return links;
}

/** Links that begin at the same node share a lane. */
function findLanes(links: readonly Link[]): ReadonlyMap<GraphNode, number> {
  return new Map([...new Set(links.map(({ from }) => from))].map((from, index) => [from, index % MAX_LANES]));
}

/** From the right of one node to the left of another, as tracks run. */
function toCurve({ key, kind, from, to }: Link): GraphEdge {
  const [x1, y1] = [from.x + from.width, from.y + STOP];
  const [x2, y2] = [to.x, to.y + STOP];
  const middle = (x1 + x2) / 2;
  const path = `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`;
  return { key, kind, path, ends: [[x1, y1] as const, [x2, y2] as const] };
}

/** Beside the nodes, along a lane. */
function toLane({ key, kind, from, to }: Link, lane: number): GraphEdge {
  const x = from.x - LANE * (lane + 1);
  const [y1, y2] = [from.y + STOP, to.y + STOP];
  const bend = Math.min(LANE, Math.abs(y2 - y1) / 2);
  const path = `M${from.x} ${y1}H${x + bend}Q${x} ${y1} ${x} ${y1 + bend}V${y2 - bend}Q${x} ${y2} ${x + bend} ${y2}H${to.x}`;
  return { key, kind, path, ends: [[from.x, y1] as const, [to.x, y2] as const] };
}
