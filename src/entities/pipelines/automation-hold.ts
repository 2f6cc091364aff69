import { Field, ObjectType } from "type-graphql";
import { Actor } from "../core/actor.js";

@ObjectType({
  description: "A hold on the automation of an app, so that automation does not undo a person's decision.",
  simpleResolvers: true,
})
export class AutomationHold {
  @Field(() => Date, { description: "When the hold began." })
  since!: Date;

  @Field(() => Actor, { description: "Who caused it: a person, or the service after an automatic rollback." })
  by!: Actor;

  @Field(() => String, { description: "The reason, as a sentence." })
  reason!: string;
}

/** A hold as it is stored. */
export interface StoredHold {
  /** As an ISO 8601 instant. */
  readonly since: string;
  readonly by: Actor;
  readonly reason: string;
}
