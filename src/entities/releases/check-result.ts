// type-graphql needs it, and this module may be loaded first. The other entities load it through typeorm.
import "reflect-metadata";
import { Field, ObjectType } from "type-graphql";
import { StatusState } from "../core/enums.js";

@ObjectType({ description: "The result of one required check for one release.", simpleResolvers: true })
export class CheckResult {
  @Field(() => String, { description: "The required context." })
  context!: string;

  @Field(() => StatusState, { nullable: true, description: "The reported state; null if no status was reported." })
  state!: StatusState | null;

  @Field(() => Boolean, { description: "Whether the check passed. Only SUCCESS passes." })
  passed!: boolean;
}
