import { Field, ID, InputType } from "type-graphql";
import type * as domain from "../../domain/gates/policies/stage-policies.js";
import { Duration } from "../../entities/core/custom-scalars.js";
import { ConfigParity, Stage } from "../../entities/core/enums.js";

@InputType({ description: "Input for updateStagePolicy. Fields that are omitted keep their values." })
export class UpdateStagePolicyInput implements domain.UpdateStagePolicyInput {
  @Field(() => ID, { description: "The pipeline, by id or name." })
  pipeline!: string;

  @Field(() => Stage, { description: "The stage that is promoted into." })
  stage!: Stage;

  @Field(() => Duration, {
    nullable: true,
    description:
      "How long a release must have been current on the source app, `0s` to `30d`. Null or `0s` requires none.",
  })
  soakTime?: string | null;

  @Field(() => ConfigParity, { nullable: true, description: "Which config vars a target must have." })
  configParity?: ConfigParity | null;
}
