import { Field, ObjectType } from "type-graphql";
import { Duration } from "../core/custom-scalars.js";
import { VerificationFailure } from "../core/enums.js";

@ObjectType({
  description: "What must be reported on a release after it has succeeded, before it counts as verified.",
  simpleResolvers: true,
})
export class Verification {
  @Field(() => [String], {
    description:
      "The contexts that must be SUCCESS on the release itself; a status of its build does not count. Sorted.",
  })
  checks!: string[];

  /** Milliseconds. */
  @Field(() => Duration, { description: "How long the checks may take after the release has succeeded." })
  within!: number;

  @Field(() => VerificationFailure, { description: "What happens if a check fails or the time runs out." })
  onFailure!: VerificationFailure;
}
