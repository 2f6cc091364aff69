import { Field, ObjectType } from "type-graphql";
import { AutoDeployOutcome } from "../core/enums.js";
import { Coupling } from "../pipelines/coupling.js";

@ObjectType({
  description:
    "Whether a build is deployed automatically to one app that follows its branch, or whose pull request has its commit as the head. Computed from the present state.",
  simpleResolvers: true,
})
export class AutoDeploy {
  @Field(() => Coupling, { description: "The place of the app in its pipeline." })
  coupling!: Coupling;

  @Field(() => AutoDeployOutcome, { description: "Whether the build is deployed, or what keeps it from that." })
  outcome!: AutoDeployOutcome;

  @Field(() => String, {
    description:
      "An explanation in a sentence or two: the version, the checks that it waits for, who rolled back, or which build is newer.",
  })
  message!: string;
}
