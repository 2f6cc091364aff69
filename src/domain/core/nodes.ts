import sql, { join, raw } from "sql-template-tag";
import type { EntityClass } from "../../database/rows/entity-mapper.js";
import { columns } from "../../database/rows/raw-rows.js";
import type { Reader } from "../../database/rows/reader.js";
import { Token, type Viewer } from "../../entities/access/token.js";
import { Build } from "../../entities/builds/build.js";
import { Quarantine } from "../../entities/builds/quarantine.js";
import { Stage } from "../../entities/core/enums.js";
import type { Node } from "../../entities/core/node.js";
import { Approval } from "../../entities/gates/approval.js";
import { ApprovalRule } from "../../entities/gates/approval-rule.js";
import { DeploymentWindow } from "../../entities/gates/deployment-window.js";
import { Freeze, FreezeExemption } from "../../entities/gates/freeze.js";
import { GithubDelivery } from "../../entities/github/github-delivery.js";
import { LogEvent } from "../../entities/history/event.js";
import { decodeCursor } from "../../entities/history/event-cursor.js";
import { App } from "../../entities/pipelines/app.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { ReviewApp } from "../../entities/pipelines/review-app.js";
import { PipelineStage } from "../../entities/pipelines/stage.js";
import { Promotion } from "../../entities/releases/promotion.js";
import { PromotionTarget } from "../../entities/releases/promotion-target.js";
import { Release } from "../../entities/releases/release.js";
import { ReleaseStatus } from "../../entities/releases/release-status.js";
import { Webhook } from "../../entities/webhooks/webhook.js";
import { WebhookDelivery } from "../../entities/webhooks/webhook-delivery.js";
import { isPermitted } from "../access/actions.js";
import { hiddenEvents } from "../history/audit.js";
import { isVisibleWebhook } from "../webhooks/access.js";
import { isUuid, LIMITS } from "./input.js";
import { badInput } from "./refusal.js";

/** The entities whose ids are unique across tables. */
const KINDS: readonly EntityClass<Node>[] = [
  Pipeline,
  Coupling,
  App,
  ReviewApp,
  Build,
  Quarantine,
  Release,
  ReleaseStatus,
  Promotion,
  PromotionTarget,
  DeploymentWindow,
  Freeze,
  FreezeExemption,
  ApprovalRule,
  Approval,
  Token,
  GithubDelivery,
  Webhook,
  WebhookDelivery,
];

const KIND = columns({ kind: "integer", id: "text" });

/** The maximum length of an id. Longer text is never one. The longest ids are those of the stages of a pipeline. */
const MAX_ID_LENGTH = 64;

/**
 * Finds objects by id. Text that is not an id gives null. Deleted rows are not found.
 *
 * One statement finds the tables of all ids; each of these tables, and the log, is read by one more.
 *
 * @returns the objects in the order of `ids`
 */
export async function findNodes(reader: Reader, ids: readonly string[]): Promise<(Node | null)[]> {
  const references = ids.map(parseReference);
  const rows = await findRows(reader, references);
  return references.map(({ key, stage }) => {
    const node = rows.get(key) ?? null;
    if (stage === null || node === null) return node;
    return node instanceof Pipeline ? new PipelineStage(node, stage) : null;
  });
}

/**
 * Checks the ids of `Query.nodes`.
 *
 * @throws Refusal BAD_USER_INPUT if there are too many
 */
export function checkNodeIds(ids: readonly string[]): void {
  if (ids.length <= LIMITS.nodes) return;
  throw badInput("ids", `ids must be at most ${LIMITS.nodes} ids; got ${ids.length}.`);
}

/** Whether a viewer may see an object that row security shows. */
export function isVisibleNode(viewer: Viewer, node: Node): boolean {
  if (node instanceof Token) return isPermitted(viewer, "readTokens");
  if (node instanceof GithubDelivery) return isPermitted(viewer, "readWebhookDeliveries");
  if (node instanceof Webhook) return isVisibleWebhook(viewer, node);
  if (node instanceof WebhookDelivery) return isPermitted(viewer, "readWebhooks");
  return !(node instanceof LogEvent) || !hiddenEvents(viewer).includes(node.type);
}

interface NodeReference {
  /** The id of a row or the cursor of an event, as the database has it. */
  readonly key: string;
  /** The position of an event; null for everything else. */
  readonly position: number | null;
  /** For a stage of a pipeline, whose row is the pipeline's; null for everything else. */
  readonly stage: Stage | null;
}

function parseReference(id: string): NodeReference {
  const [first = "", name, ...more] = id.split(":");
  if (name !== undefined && Object.hasOwn(Stage, name) && more.length === 0 && isUuid(first)) {
    return { key: first.toLowerCase(), position: null, stage: name as Stage };
  }
  return { key: isUuid(id) ? id.toLowerCase() : id, position: decodeCursor(id), stage: null };
}

async function findRows(reader: Reader, references: readonly NodeReference[]): Promise<Map<string, Node>> {
  const found = new Map<string, Node>();
  const add = (nodes: readonly Node[]) => {
    for (const node of nodes) if (!isDeleted(node)) found.set(node.id, node);
  };
  const positions = references.flatMap(({ position }) => position ?? []);
  if (positions.length > 0) add(await reader.find(LogEvent, { position: positions }));
  const keys = references.flatMap(({ key, position }) => (position === null && isPrintable(key) ? key : []));
  if (keys.length === 0) return found;
  const statements = KINDS.map((kind, index) => {
    const isWanted = reader.dialect.oneOf(raw("id"), keys);
    return sql`SELECT CAST(${index} AS INTEGER) AS kind, id FROM ${raw(reader.table(kind).name)} WHERE ${isWanted}`;
  });
  const kinds = await reader.query("find_nodes", KIND, join(statements, " UNION ALL "));
  for (const [index, kind] of KINDS.entries()) {
    const mine = kinds.filter((row) => row.kind === index).map((row) => row.id);
    if (mine.length > 0) add(await reader.find(kind, { id: mine }));
  }
  return found;
}

/** PostgreSQL rejects text with a NUL byte or half a surrogate pair. */
function isPrintable(text: string): boolean {
  return text.length <= MAX_ID_LENGTH && /^[\x21-\x7e]+$/.test(text);
}

function isDeleted(node: Node): boolean {
  const isDeletable =
    node instanceof App || node instanceof Pipeline || node instanceof DeploymentWindow || node instanceof ApprovalRule;
  return isDeletable && node.deletedAt !== null;
}
