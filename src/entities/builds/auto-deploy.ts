import { Field, ObjectType } from "type-graphql";
import { AutoDeployOutcome } from "../core/enums.js";
import { Coupling } from "../pipelines/coupling.js";

@ObjectType({
  description:
    "Whether a build is deployed automatically to an app that follows the branch of the build, or whose pull request has the commit of the build as its head. Computed from the current state.",
  simpleResolvers: true,
})
export class AutoDeploy {
  @Field(() => Coupling, { description: "The place of the app in its pipeline." })
  coupling!: Coupling;

  @Field(() => AutoDeployOutcome, { description: "Whether the build is deployed, or what prevents it." })
  outcome!: AutoDeployOutcome;

  @Field(() => String, {
    description:
      "An explanation in a sentence or two: the version, the checks that it waits for, who rolled back, or which build is newer.",
  })
  message!: string;
}
