import { Column, Entity, PrimaryColumn } from "typeorm";
import { instant } from "./instant.js";

/** What a mutation answered under a key that its caller chose, so that a repeat of it answers the same. */
@Entity("idempotency_keys")
export class IdempotencyKey {
  /** Whose it is: the id of a token, or what stands for it where somebody signed in elsewhere. */
  @PrimaryColumn("text")
  tokenId!: string;

  @PrimaryColumn("text")
  key!: string;

  /** SHA-256 of the mutation's name and its input without the key. */
  @Column("text")
  inputHash!: string;

  /** The row that the mutation answered with, as it then was; null only inside the transaction that is making it. */
  @Column("text", { nullable: true })
  answer!: string | null;

  @Column("bigint", instant)
  createdAt!: Date;
}
