import { Field, ObjectType } from "type-graphql";
import { Blocker } from "../releases/plan.js";

@ObjectType({
  description:
    "Whether deployment windows and freezes allow deployments. Required checks and other gates depend on the build, and are not included.",
  simpleResolvers: true,
})
export class GateState {
  @Field(() => Boolean, {
    description:
      "Whether deployments may begin: no freeze applies, no DENY window is active, and if ALLOW windows apply, one is active.",
  })
  open!: boolean;

  /** Functions, so that only selected fields are computed. */
  findBlockers!: () => Blocker[];
  findNextOpening!: () => Date | null;
  findNextClosing!: () => Date | null;

  @Field(() => [Blocker], {
    description: "The freezes and windows that block deployments, for each app; empty if it is open.",
  })
  get blockers(): Blocker[] {
    return this.findBlockers();
  }

  @Field(() => Date, {
    nullable: true,
    description:
      "When it next opens; null if it is open, or the time is not known, for example because a freeze has no end.",
  })
  get nextOpensAt(): Date | null {
    return this.findNextOpening();
  }

  @Field(() => Date, {
    nullable: true,
    description: "When it next closes; null if it is closed, or the time is not known.",
  })
  get nextClosesAt(): Date | null {
    return this.findNextClosing();
  }
}
