import { Field, ID, InputType } from "type-graphql";
import type * as changes from "../../../domain/pipelines/coupling-changes.js";
import type * as domain from "../../../domain/pipelines/couplings.js";
import { Stage } from "../../../entities/core/enums.js";
import { requiresRole } from "../../roles.js";
import { IDEMPOTENCY_KEY } from "../idempotency-key.js";

@InputType({ description: "Input for addCoupling." })
export class AddCouplingInput implements domain.AddCouplingInput {
  @Field(() => ID, { description: "The pipeline, by id or name." })
  pipeline!: string;

  @Field(() => ID, { description: "The app, by id or name. It must not be in a pipeline." })
  app!: string;

  @Field(() => Stage, { description: "The stage." })
  stage!: Stage;

  @Field(() => [String], {
    nullable: true,
    description: "Contexts that must be SUCCESS before a promotion to the app. At most 50; must be empty in REVIEW.",
  })
  requiredChecks?: string[] | null;

  @Field(() => Boolean, {
    nullable: true,
    description:
      "Whether builds of the central branch are deployed automatically. Allowed in DEVELOPMENT only. If omitted there, the app keeps its last setting; true for a new app.",
  })
  autoDeploy?: boolean | null;

  @Field(() => String, {
    nullable: true,
    description: IDEMPOTENCY_KEY,
  })
  idempotencyKey?: string | null;
}

@InputType({ description: "Input for updateChecks." })
export class UpdateChecksInput implements changes.UpdateChecksInput {
  @Field(() => ID, { description: "The coupling, by id." })
  coupling!: string;

  @Field(() => [String], {
    description: `The complete list of required contexts, at most 50. ${requiresRole("removeChecks", "Removing a context")}`,
  })
  requiredChecks!: string[];
}

@InputType({ description: "Input for moveCoupling." })
export class MoveCouplingInput implements changes.MoveCouplingInput {
  @Field(() => ID, { description: "The coupling, by id." })
  coupling!: string;

  @Field(() => Stage, { description: "The stage to move it to." })
  stage!: Stage;
}

@InputType({ description: "Input for setAutoDeploy." })
export class SetAutoDeployInput implements changes.SetAutoDeployInput {
  @Field(() => ID, { description: "The coupling, by id." })
  coupling!: string;

  @Field(() => Boolean, { description: "Whether to deploy automatically. Can be true in DEVELOPMENT only." })
  autoDeploy!: boolean;
}

@InputType({ description: "Input for removeCoupling." })
export class RemoveCouplingInput {
  @Field(() => ID, { description: "The coupling, by id." })
  coupling!: string;
}
