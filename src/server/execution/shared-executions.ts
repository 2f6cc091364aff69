import { randomUUID } from "node:crypto";
import { type DocumentNode, Kind, visit } from "graphql";
import { LRUCache } from "lru-cache";
import { type Ctx, SYSTEM_VIEWER } from "../../domain/core/context.js";
import { isVisible } from "../../domain/history/events.js";
import type { Viewer } from "../../entities/access/token.js";
import type { LogEvent } from "../../entities/history/event.js";
import type { Feed } from "../../events/feed.js";
import { Context } from "../../schema/context.js";
import type { Execution } from "./execute.js";
import type { AdmittedSubscription } from "./subscriptions.js";

/** Maximum number of cached results per group: as many events as its members process at a time. */
const MAX_SHARED_RESULTS = 256;

/** Fields that depend on who the viewer is. All other fields depend on the viewer's role and scope only. */
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

interface SharedExecutionsParts {
  readonly ctx: Omit<Ctx, "viewer">;
  readonly execution: Execution;
  readonly feed: Feed;
}

/**
 * Shares executions between subscriptions. Those with the same document, variables, role and scope receive the same
 * result for an event, so it is executed once for all of them. Personal fields are shared by one identity only.
 */
export class SharedExecutions {
  readonly #parts: SharedExecutionsParts;
  readonly #groups = new Map<string, Group>();

  constructor(parts: SharedExecutionsParts) {
    this.#parts = parts;
  }

  /** Number of distinct subscriptions. */
  get size(): number {
    return this.#groups.size;
  }

  join(admitted: AdmittedSubscription, viewer: Viewer): EventRenderer {
    const { source, document, operationName, variables } = admitted;
    const { role, scope } = viewer;
    const personal = selectsPersonalField(document);
    const person = personal ? [viewer.tokenId, viewer.person, viewer.groups] : null;
    const key = JSON.stringify([role, scope, person, operationName, source, withoutCursor(document, variables)]);
    const group =
      this.#groups.get(key) ??
      new Group(this.#parts, admitted, personal ? viewer : { ...SYSTEM_VIEWER, name: "a subscriber", role, scope });
    this.#groups.set(key, group);
    group.members += 1;
    return {
      render: (event) => group.render(event),
      leave: () => {
        group.members -= 1;
        if (group.members === 0) this.#groups.delete(key);
      },
    };
  }
}

class Group {
  members = 0;
  readonly #parts: SharedExecutionsParts;
  readonly #admitted: AdmittedSubscription;
  readonly #viewer: Viewer;
  /** By position of the event. Created for the second member: a group of one shares nothing. */
  #results: LRUCache<number, Promise<string | null>> | null = null;
  #resultsHead = -1;

  constructor(parts: SharedExecutionsParts, admitted: AdmittedSubscription, viewer: Viewer) {
    this.#parts = parts;
    this.#admitted = admitted;
    this.#viewer = viewer;
  }

  render(event: LogEvent): Promise<string | null> {
    if (this.members === 1) return this.#execute(event);
    // Nested fields show the current state, and every change of it moves the head. So results are valid only for the
    // current head.
    this.#results ??= new LRUCache({ max: MAX_SHARED_RESULTS });
    const results = this.#results;
    if (this.#resultsHead !== this.#parts.feed.head) {
      results.clear();
      this.#resultsHead = this.#parts.feed.head;
    }
    const known = results.get(event.position);
    if (known !== undefined) return known;
    const result = this.#execute(event);
    results.set(event.position, result);
    // A member that renders the event again after a failure must not get the same failure.
    result.catch(() => {
      if (results.get(event.position) === result) results.delete(event.position);
    });
    return result;
  }

  async #execute(event: LogEvent): Promise<string | null> {
    const { ctx, execution } = this.#parts;
    // Every event needs a new context: loaders cache rows and would return outdated state.
    // Without secrets: to read them would raise an event, which would be rendered with secrets again.
    const base = { ...ctx, now: ctx.now, viewer: this.#viewer, showsSecrets: false };
    const context = new Context(base, randomUUID());
    context.reads.begin();
    try {
      if (!(await isVisible(context, event))) return null;
      return JSON.stringify(await execution.executeEvent(this.#admitted, event, context));
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
 * The variables without the start cursor, if a variable is used for nothing else. Subscribers that differ only in their
 * position share executions.
 */
function withoutCursor(document: DocumentNode, variables: Record<string, unknown>): Record<string, unknown> {
  const uses = new Map<string, number>();
  const cursors = new Set<string>();
  visit(document, {
    VariableDefinition: () => false,
    Variable: ({ name }) => {
      uses.set(name.value, (uses.get(name.value) ?? 0) + 1);
    },
  });
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    for (const field of definition.selectionSet.selections) {
      if (field.kind !== Kind.FIELD) continue;
      for (const { name, value } of field.arguments ?? []) {
        if (name.value === "after" && value.kind === Kind.VARIABLE) cursors.add(value.name.value);
      }
    }
  }
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !cursors.has(name) || uses.get(name) !== 1));
}
