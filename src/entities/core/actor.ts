import { Field, ObjectType } from "type-graphql";
import { Role } from "./enums.js";

/** The identity behind an action, as it was at that time. */
@ObjectType({ description: "The identity that performed an action, as recorded at that time.", simpleResolvers: true })
export class Actor {
  @Field(() => String, { description: "The name of the token, or `railyard` for automation." })
  name!: string;

  @Field(() => Role, { description: "The role at the time of the action." })
  role!: Role;

  @Field(() => String, {
    nullable: true,
    description:
      "A stable identifier: the token's id, or the issuer and subject of a JWT. Null for automation, and for records from before identifiers were stored.",
  })
  subject!: string | null;

  @Field(() => String, { nullable: true, description: "The person behind the action; null if not known." })
  person!: string | null;
}
