import { Field, ObjectType } from "type-graphql";
import { Column, Entity } from "typeorm";
import { Actor } from "../core/actor.js";
import { ApprovalDecision, type Role, VoidReason } from "../core/enums.js";
import { instant, integer } from "../core/instant.js";
import { Node } from "../core/node.js";

@Entity("approvals")
@ObjectType({
  implements: Node,
  description: "A person's decision about a waiting promotion, under one rule.",
  simpleResolvers: true,
})
export class Approval extends Node {
  @Column("text")
  ruleId!: string;

  @Column("text")
  promotionId!: string;

  @Field(() => ApprovalDecision, { description: "Whether the promotion was approved or rejected." })
  @Column("text")
  decision!: ApprovalDecision;

  @Field(() => String, { nullable: true, description: "The comment; null if none was given." })
  @Column("text", { nullable: true })
  comment!: string | null;

  /** The token, or the stable substitute for a JWT. If the token is revoked, the approval is voided. */
  @Column("text")
  tokenId!: string;

  @Column("text")
  byName!: string;

  @Column("text")
  byRole!: Role;

  @Column("text", { nullable: true })
  bySubject!: string | null;

  @Column("text", { nullable: true })
  byPerson!: string | null;

  @Column("simple-json")
  byGroups!: readonly string[];

  /**
   * The contexts that were SUCCESS on the release at that time, required or not. If one of them fails, the approval is
   * voided.
   */
  @Column("simple-json")
  passedChecks!: readonly string[];

  /** Counts up in the order in which approvals are given. */
  @Column("bigint", integer)
  position!: number;

  @Field(() => Date, { description: "When it was given." })
  @Column("bigint", instant)
  createdAt!: Date;

  @Field(() => Date, { description: "When it expires." })
  @Column("bigint", instant)
  validUntil!: Date;

  @Field(() => Date, {
    nullable: true,
    description: "When it stopped counting before the promotion started; null if it did not.",
  })
  @Column("bigint", { ...instant, nullable: true })
  voidedAt!: Date | null;

  @Field(() => VoidReason, { nullable: true, description: "Why it stopped counting; null if it did not." })
  @Column("text", { nullable: true })
  voidedBecause!: VoidReason | null;

  @Field(() => Actor, { description: "Who decided." })
  get by(): Actor {
    return { name: this.byName, role: this.byRole, subject: this.bySubject, person: this.byPerson };
  }
}
