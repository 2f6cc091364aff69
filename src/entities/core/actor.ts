import { Field, ObjectType } from "type-graphql";
import { Role } from "./enums.js";

/** The name and role of the token used for an action, as they were at that time. */
@ObjectType({ description: "The identity that performed an action, as recorded at that time.", simpleResolvers: true })
export class Actor {
  @Field(() => String, { description: "The name of the token, or `railyard` for automation." })
  name!: string;

  @Field(() => Role, { description: "The role at the time of the action." })
  role!: Role;
}
