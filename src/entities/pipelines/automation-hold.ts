import { Field, ObjectType } from "type-graphql";
import { Actor } from "../core/actor.js";

@ObjectType({
  description: "Why automation leaves an app alone, so that it does not undo what a person decided.",
  simpleResolvers: true,
})
export class AutomationHold {
  @Field(() => Date, { description: "Since when." })
  since!: Date;

  @Field(() => Actor, { description: "Who caused it: a person, or the service after an automatic rollback." })
  by!: Actor;

  @Field(() => String, { description: "Why, as a sentence." })
  reason!: string;
}

/** A hold as it is stored. */
export interface StoredHold {
  /** As an ISO 8601 instant. */
  readonly since: string;
  readonly by: Actor;
  readonly reason: string;
}
