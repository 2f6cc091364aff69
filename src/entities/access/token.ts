import { Field, ObjectType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { Role } from "../core/enums.js";
import { instant, integer } from "../core/instant.js";
import { Node } from "../core/node.js";

/** The sorted ids of the pipelines that a token is restricted to. */
export type Scope = readonly string[];

@ObjectType({ description: "The authenticated caller.", simpleResolvers: true })
export class Viewer {
  @Field(() => String, { description: "The name of the token." })
  name!: string;

  @Field(() => Role, { description: "The role, which determines the permitted actions." })
  role!: Role;

  /** The token's id, or a stable substitute for users of an external identity provider. Null for automation. */
  tokenId!: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "A stable identifier, as in `Actor.subject`: the token's id, or the issuer and subject of a JWT. Null for automation.",
  })
  subject!: string | null;

  @Field(() => String, { nullable: true, description: "The person whom the token represents; null if none." })
  person!: string | null;

  @Field(() => [String], { description: "The groups that the person or the token belongs to." })
  groups!: readonly string[];

  /** The pipelines that the viewer is restricted to; null if unrestricted. */
  scope!: Scope | null;

  /** Whether it may read secret config vars although it is not ADMIN. @default false */
  readConfig?: boolean;

  /** When an external login expires. Not set for tokens, whose expiry is in the `tokens` table. */
  expiresAt?: Date;
}

@Entity("tokens")
@ObjectType({
  implements: Node,
  description: "An access token. Its secret is shown once, when the token is created.",
  simpleResolvers: true,
})
export class Token extends Node {
  /**
   * Counts up in the order in which tokens are created, by every instance. Unlike ids, it does not depend on a clock.
   */
  @Column("bigint", integer)
  position!: number;

  @Field(() => String, {
    description: "The person or service that uses the token. Its actions are recorded under this name.",
  })
  @Column("text")
  name!: string;

  @Field(() => Role, { description: "The role, which determines the permitted actions." })
  @Column("text")
  role!: Role;

  @Field(() => String, {
    nullable: true,
    description: "The person whom the token represents, for example in approvals; null if none.",
  })
  @Column("text", { nullable: true })
  person!: string | null;

  @Field(() => [String], { description: "The groups that the token belongs to." })
  @Column("simple-json")
  groups!: readonly string[];
  @Field(() => Boolean, {
    description: "Whether it may read the values of secret config vars. Administrators may without it.",
  })
  @Column("boolean")
  readConfig!: boolean;

  @Column("simple-json", { nullable: true })
  scope!: Scope | null;

  /** SHA-256 of the secret, in hexadecimal. The secret itself is not stored. */
  @Column("text")
  secretHash!: string;

  /** Whether this is the token of the ADMIN_TOKEN setting, or the one generated at the first start. */
  @Column("boolean")
  bootstrap!: boolean;

  @Field(() => Date, { description: "When it was created." })
  @Column("bigint", instant)
  createdAt!: Date;

  @Field(() => Date, { nullable: true, description: "When it expires; null if never." })
  @Column("bigint", { ...instant, nullable: true })
  expiresAt!: Date | null;

  @Field(() => Date, {
    nullable: true,
    description: "When it was last used, accurate to about a minute; null if never.",
  })
  @Column("bigint", { ...instant, nullable: true })
  lastUsedAt!: Date | null;

  @Field(() => Date, { nullable: true, description: "When it was revoked; null while valid." })
  @Column("bigint", { ...instant, nullable: true })
  revokedAt!: Date | null;
}
