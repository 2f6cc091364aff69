import { randomUUID } from "node:crypto";
import { type ASTNode, type DocumentNode, Kind, visit } from "graphql";
import { LRUCache } from "lru-cache";
import { ByteBudget, type ByteHolder } from "../../../async/byte-budget.js";
import { FairQueue } from "../../../async/fair-queue.js";
import { type Ctx, SYSTEM_VIEWER } from "../../../domain/core/context.js";
import { isVisible } from "../../../domain/history/events.js";
import type { Viewer } from "../../../entities/access/token.js";
import type { LogEvent } from "../../../entities/history/event.js";
import type { Feed } from "../../../events/feed/feed.js";
import { Context } from "../../../schema/context.js";
import type { Execution } from "../execute.js";
import type { AdmittedSubscription } from "./admitted.js";
import type { DeliveryCharges } from "./charges.js";
import { getOwner, type SubscriptionLimits } from "./limits.js";

/** Maximum number of cached results per group: as many events as its members process at a time. */
const MAX_SHARED_RESULTS = 256;

/** Maximum size of the cached results of all groups, in characters. An event has a few hundred. */
const MAX_SHARED_BYTES = 16 * 1024 * 1024;
/**
 * Maximum number of events that are executed at the same time. On PostgreSQL they take connections, which queries need
 * too.
 */
const MAX_CONCURRENT_EXECUTIONS = 8;
/** How long events are executed before they yield to the event loop, in milliseconds. */
const SLICE_MS = 10;

/** Fields that depend on the identity of the viewer. All other fields depend on the viewer's role and scope only. */
const PERSONAL_FIELDS: ReadonlySet<string> = new Set(["viewerMayVote", "viewerMayNotBecause"]);

/** Renders events as the JSON payload of one subscription. */
export interface EventRenderer {
  /**
   * Null if the subscription's viewer may not see the event.
   *
   * @throws if the database cannot be reached; the event can be rendered again
   */
  render(event: LogEvent): Promise<string | null>;
  /** Call once, when the subscription ends. */
  leave(): void;
}

export interface SharedExecutionsParts {
  readonly ctx: Omit<Ctx, "viewer">;
  readonly execution: Execution;
  readonly feed: Feed;
  readonly limits: SubscriptionLimits;
  /** Charges delivered events; null if there is no budget. */
  readonly charges: DeliveryCharges | null;
}

/**
 * Shares executions between subscriptions. Those with the same document, variables, role and scope receive the same
 * result for an event, so it is executed once for all of them. Personal fields are shared by one identity only.
 */
export class SharedExecutions {
  readonly #parts: SharedExecutionsParts;
  readonly #groups = new Map<string, Group>();
  readonly #results = new ByteBudget(MAX_SHARED_BYTES);
  readonly #queue = new FairQueue({ concurrency: MAX_CONCURRENT_EXECUTIONS, sliceMs: SLICE_MS });

  constructor(parts: SharedExecutionsParts) {
    this.#parts = parts;
  }

  /** Number of distinct subscriptions. */
  get size(): number {
    return this.#groups.size;
  }

  /** @throws Refusal RATE_LIMITED if the viewer's token has too many different subscriptions */
  join(admitted: AdmittedSubscription, viewer: Viewer): EventRenderer {
    const { source, document, operationName, variables, cost } = admitted;
    const { role, scope } = viewer;
    const personal = selectsPersonalField(document);
    const person = personal ? [viewer.tokenId, viewer.person, viewer.groups] : null;
    const key = JSON.stringify([role, scope, person, operationName, source, withoutFilters(document, variables)]);
    const { limits, charges } = this.#parts;
    const remove = limits.add(viewer, key, cost);
    const group =
      this.#groups.get(key) ??
      new Group({
        ...{ ...this.#parts, queue: this.#queue, results: this.#results, owner: getOwner(viewer), admitted },
        viewer: personal ? viewer : { ...SYSTEM_VIEWER, name: "a subscriber", role, scope },
      });
    this.#groups.set(key, group);
    group.members += 1;
    return {
      render: (event) => {
        charges?.charge(viewer, cost);
        return group.render(event);
      },
      leave: () => {
        remove();
        group.members -= 1;
        if (group.members > 0) return;
        this.#groups.delete(key);
        group.evict();
      },
    };
  }
}

/** A result that may still be in progress. Its bytes are known when it has ended. */
interface SharedResult {
  readonly text: Promise<string | null>;
  bytes: number;
}

interface GroupParts extends Pick<SharedExecutionsParts, "ctx" | "execution" | "feed"> {
  readonly queue: FairQueue;
  /** Limits the bytes of the results of all groups. */
  readonly results: ByteBudget;
  /** The owner of the executions in the queue. */
  readonly owner: string;
  readonly admitted: AdmittedSubscription;
  readonly viewer: Viewer;
}

class Group implements ByteHolder {
  members = 0;
  heldBytes = 0;
  readonly #parts: GroupParts;
  /** By position of the event. Created for the second member: a group of one shares nothing. */
  #results: LRUCache<number, SharedResult> | null = null;
  #resultsHead = -1;

  constructor(parts: GroupParts) {
    this.#parts = parts;
  }

  /** Drops the cached results. Events are executed again if they are needed. */
  evict(): void {
    this.#results?.clear();
    this.#parts.results.release(this);
  }

  render(event: LogEvent): Promise<string | null> {
    if (this.members === 1) return this.#execute(event);
    // Nested fields show the current state, and every change of it moves the head. So results are valid only for the
    // current head.
    this.#results ??= new LRUCache({
      max: MAX_SHARED_RESULTS,
      dispose: ({ bytes }) => {
        this.heldBytes -= bytes;
      },
    });
    const results = this.#results;
    if (this.#resultsHead !== this.#parts.feed.head) {
      this.evict();
      this.#resultsHead = this.#parts.feed.head;
    }
    const known = results.get(event.position);
    if (known !== undefined) return known.text;
    const result: SharedResult = { text: this.#execute(event), bytes: 0 };
    results.set(event.position, result);
    void result.text.then(
      (text) => this.#keep(event.position, result, text?.length ?? 0),
      // The members that wait for it get the error. Others execute it again.
      () => this.#drop(event.position, result),
    );
    return result.text;
  }

  /** Counts the bytes of a result, unless it was dropped meanwhile. */
  #keep(position: number, result: SharedResult, bytes: number): void {
    if (this.#results?.peek(position) !== result) return;
    result.bytes = bytes;
    this.heldBytes += bytes;
    this.#parts.results.update(this);
  }

  #drop(position: number, result: SharedResult): void {
    if (this.#results?.peek(position) === result) this.#results.delete(position);
  }

  #execute(event: LogEvent): Promise<string | null> {
    return this.#parts.queue.run(this.#parts.owner, () => this.#executeNow(event));
  }

  async #executeNow(event: LogEvent): Promise<string | null> {
    const { ctx, execution, viewer, admitted } = this.#parts;
    // Every event needs a new context: loaders cache rows and would return outdated state.
    // Secrets are not read: that would raise an event, and rendering that event would read them again, without end.
    const base = { ...ctx, now: ctx.now, viewer, showsSecrets: false };
    const context = new Context(base, randomUUID(), execution.newResultSize());
    context.reads.begin();
    try {
      if (!(await isVisible(context, event))) return null;
      return JSON.stringify(await execution.executeEvent(admitted, event, context));
    } finally {
      context.reads.end();
    }
  }
}

function selectsPersonalField(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    Field: ({ name }) => {
      found ||= PERSONAL_FIELDS.has(name.value);
    },
  });
  return found;
}

/**
 * The variables without those that only the arguments of root fields use: the cursor and the filters. They select
 * events, but do not change the result for an event. Subscribers that differ only in those share executions.
 */
function withoutFilters(document: DocumentNode, variables: Record<string, unknown>): Record<string, unknown> {
  const uses = countUses(document);
  const filters = new Map<string, number>();
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    for (const field of definition.selectionSet.selections) {
      if (field.kind !== Kind.FIELD) continue;
      for (const argument of field.arguments ?? []) {
        for (const [name, count] of countUses(argument)) filters.set(name, (filters.get(name) ?? 0) + count);
      }
    }
  }
  return Object.fromEntries(Object.entries(variables).filter(([name]) => uses.get(name) !== filters.get(name)));
}

/** How often each variable is used, apart from its definition. */
function countUses(node: ASTNode): Map<string, number> {
  const uses = new Map<string, number>();
  visit(node, {
    VariableDefinition: () => false,
    Variable: ({ name }) => {
      uses.set(name.value, (uses.get(name.value) ?? 0) + 1);
    },
  });
  return uses;
}
