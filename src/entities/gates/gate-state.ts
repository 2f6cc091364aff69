import { Field, ObjectType } from "type-graphql";
import { Blocker } from "../releases/plan.js";

@ObjectType({
  description:
    "Whether deployment windows and freezes let deployments begin. Required checks and other gates depend on the build, and are not part of it.",
  simpleResolvers: true,
})
export class GateState {
  @Field(() => Boolean, {
    description:
      "Whether deployments may begin: no freeze applies, no DENY window is active, and if ALLOW windows apply, one is active.",
  })
  open!: boolean;

  @Field(() => [Blocker], {
    description: "The freezes and windows that hold deployments back, for each app; empty if it is open.",
  })
  blockers!: Blocker[];

  /** Computed only if they are selected. */
  findNextOpening!: () => Date | null;
  findNextClosing!: () => Date | null;

  @Field(() => Date, {
    nullable: true,
    description: "When it opens; null if it is open, or if that is not known, for example until a freeze is lifted.",
  })
  get nextOpensAt(): Date | null {
    return this.findNextOpening();
  }

  @Field(() => Date, {
    nullable: true,
    description: "When it closes; null if it is closed, or if that is not known.",
  })
  get nextClosesAt(): Date | null {
    return this.findNextClosing();
  }
}
