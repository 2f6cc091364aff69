import { randomUUID } from "node:crypto";
import { type DocumentNode, Kind, visit } from "graphql";
import type { Ctx } from "../../domain/core/context.js";
import { isVisible } from "../../domain/history/events.js";
import type { Viewer } from "../../entities/access/token.js";
import type { LogEvent } from "../../entities/history/event.js";
import type { Feed } from "../../events/feed.js";
import { Context } from "../../schema/context.js";
import type { AdmittedSubscription, Operations } from "./operations.js";

/** Answers that a group keeps at most: as many as its members take at a time. */
const MAX_SHARED_RESULTS = 256;

/** What a subscription is told of an event, as JSON. */
export interface EventRenderer {
  /** Null where the event is none of its business: its viewer is limited, and the event is not for them to see. */
  render(event: LogEvent): Promise<string | null>;
  /** To be called once, when the subscription has ended. */
  leave(): void;
}

interface SharedExecutionsParts {
  readonly ctx: Omit<Ctx, "viewer">;
  readonly operations: Operations;
  readonly feed: Feed;
}

/**
 * One execution for many: subscriptions of the same document, variables, role and limits are told the same of an event, so
 * it is worked out once for all of them.
 */
export class SharedExecutions {
  readonly #parts: SharedExecutionsParts;
  readonly #groups = new Map<string, Group>();

  constructor(parts: SharedExecutionsParts) {
    this.#parts = parts;
  }

  /** How many different subscriptions there are. */
  get size(): number {
    return this.#groups.size;
  }

  join(admitted: AdmittedSubscription, { role, scope }: Pick<Viewer, "role" | "scope">): EventRenderer {
    const { source, document, operationName, variables } = admitted;
    const key = JSON.stringify([role, scope, operationName, source, withoutCursor(document, variables)]);
    const group =
      this.#groups.get(key) ?? new Group(this.#parts, admitted, { name: "a subscriber", role, tokenId: null, scope });
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
  readonly #answers = new Map<number, Promise<string | null>>();
  #asOf = -1;

  constructor(parts: SharedExecutionsParts, admitted: AdmittedSubscription, viewer: Viewer) {
    this.#parts = parts;
    this.#admitted = admitted;
    this.#viewer = viewer;
  }

  render(event: LogEvent): Promise<string | null> {
    if (this.members === 1) return this.#execute(event);
    // Nested fields show the state now, and any change of it moves the head: an answer is of use for no longer than that.
    if (this.#asOf !== this.#parts.feed.head) {
      this.#answers.clear();
      this.#asOf = this.#parts.feed.head;
    }
    const known = this.#answers.get(event.position);
    if (known !== undefined) return known;
    if (this.#answers.size >= MAX_SHARED_RESULTS) {
      for (const oldest of this.#answers.keys()) {
        this.#answers.delete(oldest);
        break;
      }
    }
    const answer = this.#execute(event);
    this.#answers.set(event.position, answer);
    return answer;
  }

  async #execute(event: LogEvent): Promise<string | null> {
    const { ctx, operations } = this.#parts;
    // A context of its own for every event: loaders remember, and would tell of the state as it was.
    const context = new Context({ ...ctx, now: ctx.now, viewer: this.#viewer }, randomUUID());
    if (!(await isVisible(context, event))) return null;
    return JSON.stringify(await operations.logFault(this.#admitted, event, context));
  }
}

/**
 * The variables without the one that says where to begin, if that is all it is for: two dashboards that differ only in
 * how far they have come are told the same.
 */
function withoutCursor(document: DocumentNode, variables: Record<string, unknown>): Record<string, unknown> {
  const uses = new Map<string, number>();
  const places = new Set<string>();
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
        if (name.value === "after" && value.kind === Kind.VARIABLE) places.add(value.name.value);
      }
    }
  }
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !places.has(name) || uses.get(name) !== 1));
}
