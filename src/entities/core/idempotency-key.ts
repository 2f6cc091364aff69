import { Column, Entity, PrimaryColumn } from "typeorm";
import { instant } from "./instant.js";

/** The stored result of a mutation with an idempotency key. A repeat with the same key returns the same result. */
@Entity("idempotency_keys")
export class IdempotencyKey {
  /** The owner: the id of a token, or the substitute for users of an external identity provider. */
  @PrimaryColumn("text")
  tokenId!: string;

  @PrimaryColumn("text")
  key!: string;

  /** SHA-256 of the mutation's name and its input without the key. */
  @Column("text")
  inputHash!: string;

  /** The row that the mutation returned, as JSON; null only inside the transaction that creates it. */
  @Column("text", { nullable: true })
  answer!: string | null;

  @Column("bigint", instant)
  createdAt!: Date;
}
