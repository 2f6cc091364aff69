import { Field, ObjectType } from "type-graphql";
import { Duration } from "../core/custom-scalars.js";
import { VerificationFailure } from "../core/enums.js";

@ObjectType({
  description: "What must be reported on a release of an app after it has succeeded, before it counts as verified.",
  simpleResolvers: true,
})
export class Verification {
  @Field(() => [String], {
    description:
      "The contexts that must be SUCCESS on the release itself; a status of its build does not count. Sorted.",
  })
  checks!: string[];

  /** Milliseconds. */
  @Field(() => Duration, { description: "How long they may take, from the success of the release on." })
  within!: number;

  @Field(() => VerificationFailure, { description: "What happens if one fails, or the time is over." })
  onFailure!: VerificationFailure;
}
