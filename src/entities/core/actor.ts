import { Field, ObjectType } from "type-graphql";
import { Role } from "./enums.js";

/** Who did something: the name and role of the token it was done with, as they were at that moment. */
@ObjectType({ description: "Who did something.", simpleResolvers: true })
export class Actor {
  @Field(() => String, { description: "The name of the token that it was done with, or `railyard` for automation." })
  name!: string;

  @Field(() => Role, { description: "The role that it was done with." })
  role!: Role;
}
