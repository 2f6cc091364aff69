import assert from "node:assert/strict";
import type { Client } from "../clients/client.js";

interface Entry {
  readonly type: string;
  readonly pipelineId: string | null;
  readonly actor: { readonly person: string | null };
  readonly subjectId?: string;
  readonly promotion?: { readonly id: string };
  readonly approval?: { readonly id: string };
  readonly state?: string;
}

const EVENTS = `query ($after: EventCursor, $types: [EventType!]) {
  events(first: 100, after: $after, types: $types) {
    nodes {
      type pipelineId actor { person }
      ... on ChangeEvent { subjectId }
      ... on PromotionEvent { promotion { id } }
      ... on ApprovalEvent { promotion { id } approval { id } }
      ... on ReleaseStatusEvent { state }
    }
    pageInfo { endCursor hasNextPage }
  }
}`;

const TYPES = [
  ...["FREEZE_STARTED", "FREEZE_ENDED", "RELEASE_STATUS_REPORTED", "TOKEN_REVOKED"],
  ...["APPROVAL_GIVEN", "APPROVAL_REJECTED", "APPROVAL_VOIDED"],
  ...["PROMOTION_WAITING", "PROMOTION_STARTED", "PROMOTION_FINISHED"],
];

/** What happened to a promotion, from the log of its pipeline. */
export interface Outcome {
  /** Whether it started. */
  readonly started: boolean;
  readonly rejected: boolean;
  readonly finished: boolean;
}

/** What to replay. */
export interface Replayed {
  readonly pipeline: string;
  /** Where it begins in the log. */
  readonly after: string | null;
  /** How many people must approve. */
  readonly required: number;
  /** The token of each person. */
  readonly tokens: ReadonlyMap<string, string>;
}

/**
 * Replays the log, whose order is that of the commits, and checks each start of a promotion of a pipeline: enough people had
 * approved it, no freeze was in force, its check had passed, its token was good, and it had neither started nor ended. A
 * revoked token gives no vote.
 */
export async function replay(
  client: Client,
  { pipeline, after, required, tokens }: Replayed,
): Promise<Map<string, Outcome>> {
  const freezes = new Set<string>();
  const approvals = new Map<string, Map<string, string | null>>();
  const outcomes = new Map<string, Outcome>();
  const revoked = new Set<string>();
  let passed = false;
  for (const event of await readEvents(client, after)) {
    if (event.type === "TOKEN_REVOKED") revoked.add(event.subjectId ?? "");
    if (event.pipelineId !== pipeline) continue;
    const isRevoked = revoked.has(tokens.get(event.actor.person ?? "") ?? "");
    const id = event.promotion?.id ?? "";
    const known = outcomes.get(id) ?? { started: false, rejected: false, finished: false };
    const given = approvals.get(id) ?? new Map<string, string | null>();
    approvals.set(id, given);
    if (event.type === "FREEZE_STARTED") freezes.add(event.subjectId ?? "");
    else if (event.type === "FREEZE_ENDED") freezes.delete(event.subjectId ?? "");
    else if (event.type === "RELEASE_STATUS_REPORTED") passed = event.state === "SUCCESS";
    else if (event.type === "APPROVAL_GIVEN") {
      assert.ok(!isRevoked, `${event.actor.person} approved with a revoked token`);
      given.set(event.approval?.id ?? "", event.actor.person);
    } else if (event.type === "APPROVAL_VOIDED") given.delete(event.approval?.id ?? "");
    else if (event.type === "APPROVAL_REJECTED") {
      assert.ok(!known.started && !known.finished, `${id} was rejected after it had started or ended`);
      outcomes.set(id, { ...known, rejected: true });
    } else if (event.type === "PROMOTION_STARTED") {
      const people = new Set(given.values());
      assert.ok(people.size >= required, `${id} started with approvals of ${[...people]}`);
      assert.equal(freezes.size, 0, `${id} started in a freeze`);
      assert.ok(!isRevoked, `${id} started under the revoked token of ${event.actor.person}`);
      assert.ok(passed, `${id} started before its check had passed`);
      assert.deepEqual(known, { started: false, rejected: false, finished: false }, `${id} started again`);
      outcomes.set(id, { ...known, started: true });
    } else if (event.type === "PROMOTION_FINISHED") {
      assert.ok(!known.finished, `${id} ended twice`);
      outcomes.set(id, { ...known, finished: true });
    } else outcomes.set(id, known);
  }
  return outcomes;
}

async function readEvents(client: Client, from: string | null): Promise<Entry[]> {
  const found: Entry[] = [];
  for (let after = from; ; ) {
    const { events }: { events: { nodes: Entry[]; pageInfo: { endCursor: string | null; hasNextPage: boolean } } } =
      await client.ask(EVENTS, { after, types: TYPES });
    found.push(...events.nodes);
    after = events.pageInfo.endCursor;
    if (!events.pageInfo.hasNextPage) return found;
  }
}
