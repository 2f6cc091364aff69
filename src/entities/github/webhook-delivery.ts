import { Column, Entity, PrimaryColumn } from "typeorm";
import { instant } from "../core/instant.js";

/** A processed webhook delivery. A redelivery with the same id is ignored. */
@Entity("webhook_deliveries")
export class WebhookDelivery {
  /** The delivery id that the sender assigned. */
  @PrimaryColumn("text")
  id!: string;

  /** The pull request of the delivery; null if the order of deliveries does not matter. */
  @Column("text", { nullable: true })
  subject!: string | null;

  /** The time of the subject's state in this delivery, by the sender's clock; null if there is no subject. */
  @Column("bigint", { ...instant, nullable: true })
  subjectAt!: Date | null;

  @Column("bigint", instant)
  receivedAt!: Date;
}
