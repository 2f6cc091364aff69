import { Field, ID, InputType } from "type-graphql";
import type * as domain from "../../domain/access/tokens.js";
import { Role } from "../../entities/core/enums.js";

@InputType({ description: "Input for createToken." })
export class CreateTokenInput implements domain.CreateTokenInput {
  @Field(() => String, {
    description: "The name of the person or service that uses the token, at most 256 characters.",
  })
  name!: string;

  @Field(() => Role, { description: "The role, which determines the permitted actions." })
  role!: Role;

  @Field(() => Date, { nullable: true, description: "When it expires; never if omitted." })
  expiresAt?: Date | null;

  @Field(() => [ID], {
    nullable: true,
    description: "The pipelines to restrict the token to, by id or name, 1 to 100; unrestricted if omitted.",
  })
  pipelines?: string[] | null;

  @Field(() => String, {
    nullable: true,
    description: "The person whom the token represents in approvals, for example an e-mail address.",
  })
  person?: string | null;

  @Field(() => [String], { nullable: true, description: "The groups that the token belongs to, at most 100." })
  groups?: string[] | null;
  @Field(() => Boolean, {
    nullable: true,
    description:
      "Whether the token may read the values of secret config vars, which a deployer needs; false if omitted.",
  })
  readConfig?: boolean | null;
}

@InputType({ description: "Input for revokeToken." })
export class RevokeTokenInput {
  @Field(() => ID, { description: "The token, by id." })
  token!: string;
}
