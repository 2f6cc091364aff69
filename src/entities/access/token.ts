import { Field, ObjectType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { Role } from "../core/enums.js";
import { instant } from "../core/instant.js";
import { Node } from "../core/node.js";

/** The pipelines that a token is limited to: their ids, sorted. */
export type Scope = readonly string[];

@ObjectType({ description: "Who is asking.", simpleResolvers: true })
export class Viewer {
  @Field(() => String, { description: "The name of the token." })
  name!: string;

  @Field(() => Role, { description: "What it may do." })
  role!: Role;

  /** The token's id; of somebody who signed in elsewhere, what stands for it. Null for automation, which has none. */
  tokenId!: string | null;

  /** The pipelines outside of which it sees and does nothing; null where it is not limited. */
  scope!: Scope | null;

  /** When somebody who signed in elsewhere is signed in no more; left out where a row of ours tells. */
  expiresAt?: Date;
}

@Entity("tokens")
@ObjectType({
  implements: Node,
  description: "A way to sign in. Its secret was shown once, when it was made.",
  simpleResolvers: true,
})
export class Token extends Node {
  @Field(() => String, { description: "Who or what it is for; whatever it does is recorded under this name." })
  @Column("text")
  name!: string;

  @Field(() => Role, { description: "What it may do." })
  @Column("text")
  role!: Role;

  @Column("simple-json", { nullable: true })
  scope!: Scope | null;

  /** SHA-256 of the secret, in hexadecimal: all that is kept of it. */
  @Column("text")
  secretHash!: string;

  /** Whether it stands for the setting ADMIN_TOKEN (or for the one made at the first start). */
  @Column("boolean")
  bootstrap!: boolean;

  @Field(() => Date, { description: "When it was made." })
  @Column("bigint", instant)
  createdAt!: Date;

  @Field(() => Date, { nullable: true, description: "When it stops to work by itself; null for never." })
  @Column("bigint", { ...instant, nullable: true })
  expiresAt!: Date | null;

  @Field(() => Date, { nullable: true, description: "When it was last used, to the minute or so." })
  @Column("bigint", { ...instant, nullable: true })
  lastUsedAt!: Date | null;

  @Field(() => Date, { nullable: true, description: "When it was revoked; it works no more since." })
  @Column("bigint", { ...instant, nullable: true })
  revokedAt!: Date | null;
}
