import { Column, Entity, PrimaryColumn } from "typeorm";
import { instant } from "../core/instant.js";

/** A webhook delivery that has had its effect: when it is delivered again, it has none. */
@Entity("webhook_deliveries")
export class WebhookDelivery {
  /** What its sender calls it. */
  @PrimaryColumn("text")
  id!: string;

  /** What it was about, where the order of deliveries matters: a pull request. */
  @Column("text", { nullable: true })
  subject!: string | null;

  /** As of when it told about its subject, by the sender's clock. */
  @Column("bigint", { ...instant, nullable: true })
  subjectAt!: Date | null;

  @Column("bigint", instant)
  receivedAt!: Date;
}
