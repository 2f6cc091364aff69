import type { ApolloServerPlugin } from "@apollo/server";
import { Kind, type OperationDefinitionNode } from "graphql";
import type { Viewer } from "../../entities/access/token.js";
import type { Context } from "../../schema/context.js";
import { Sources } from "../../schema/dependencies.js";
import type { Answers, Kept } from "./response-store.js";

/** What may be asked for at the root of a query whose answer is kept: what is made from pipelines and apps alone. */
const TRACEABLE = new Set(["pipeline", "app", "stage", "__typename"]);

/** An answer that is being made, and may be kept. */
export interface Pending {
  readonly asked: Asked;
  readonly sources: Sources;
  readonly begunAt: number;
}

/** What an answer hangs on, besides who asks and what the database holds. */
export interface Asked {
  /** The headers that an answer's own may hang on. */
  readonly manner: string;
  readonly body: Buffer;
}

/**
 * Which answers are kept, and for whom: those of queries that are made from pipelines and apps alone, for whoever sends
 * the very same bytes with a token that may see the same.
 */
export class KeptAnswers {
  readonly #answers: Answers;
  readonly #enabled: boolean;

  /** @param enabled false where each answer is to be paid for, and so to be asked for */
  constructor(answers: Answers, enabled: boolean) {
    this.#answers = answers;
    this.#enabled = enabled && answers.enabled;
  }

  find(asked: Asked, viewer: Viewer): Kept | null {
    return this.#enabled ? this.#answers.find(question(viewer, asked)) : null;
  }

  /** Notes what the answer to a request will be made from. To be called before anything is read for it. */
  begin(asked: Asked): Pending {
    return { asked, sources: new Sources(), begunAt: this.#answers.commits };
  }

  /** To be called with every answer that is sent with status 200: it is kept, if it may be. */
  keep({ asked, sources, begunAt }: Pending, answer: Kept, viewer: Viewer): void {
    if (this.#enabled && sources.ids !== null)
      this.#answers.keep(question(viewer, asked), answer, sources.ids, begunAt);
  }

  /** Lets the sources of queries be traced whose answers may be kept, and forgets those of answers with errors. */
  readonly plugin: ApolloServerPlugin<Context> = {
    requestDidStart: async () => ({
      didResolveOperation: async ({ operation, contextValue }) => {
        if (operation !== undefined && isTraceable(operation)) contextValue.sources?.begin();
      },
      willSendResponse: async ({ response: { body }, contextValue }) => {
        if (body.kind !== "single" || body.singleResult.errors !== undefined) contextValue.sources?.lose();
      },
    }),
  };
}

/** What a query may see hangs on the role, and on the pipelines that the token is limited to, if it is. */
function question({ role, scope }: Viewer, { manner, body }: Asked): string {
  return `${role} ${JSON.stringify(scope)} ${manner} ${body.toString("latin1")}`;
}

/** Fragments at the root are not looked into: their queries are answered as any other. */
function isTraceable({ operation, selectionSet }: OperationDefinitionNode): boolean {
  return (
    operation === "query" &&
    selectionSet.selections.every((selection) => selection.kind === Kind.FIELD && TRACEABLE.has(selection.name.value))
  );
}
