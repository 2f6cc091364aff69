import { Field, ID, InputType } from "type-graphql";
import type * as domain from "../../../domain/releases/statuses.js";
import { StatusState } from "../../../entities/core/enums.js";

@InputType({ description: "Input for reportStatus. Set exactly one of `release` and `build`." })
export class ReportStatusInput implements domain.ReportStatusInput {
  @Field(() => ID, { nullable: true, description: "The release, by id." })
  release?: string | null;

  @Field(() => ID, {
    nullable: true,
    description: "The build, by id. The status then applies to every release of the build.",
  })
  build?: string | null;

  @Field(() => String, { description: "The name of the check: 1 to 100 letters, digits, spaces and `._:/\\+()@#-`." })
  context!: string;

  @Field(() => StatusState, { description: "The state to report." })
  state!: StatusState;

  @Field(() => String, { nullable: true, description: "The human-readable name of the reporting service." })
  name?: string | null;

  @Field(() => String, { nullable: true, description: "A short description of the result, at most 1,024 characters." })
  description?: string | null;

  @Field(() => String, { nullable: true, description: "The URL of the details page, http or https." })
  targetUrl?: string | null;

  @Field(() => String, { nullable: true, description: "The URL of an icon of the reporting service, http or https." })
  imageUrl?: string | null;
}
