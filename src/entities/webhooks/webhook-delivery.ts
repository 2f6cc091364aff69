import { Field, Int, ObjectType } from "type-graphql";
import { Column, Entity, PrimaryColumn } from "typeorm";
import { generatedInteger, instant, integer } from "../core/instant.js";
import { Node } from "../core/node.js";

/** A request that was sent. Deliveries that arrive from GitHub are in the table `webhook_deliveries`. */
@Entity("outgoing_deliveries")
@ObjectType({
  implements: Node,
  description: "One request of a webhook, and its result. Kept for 30 days.",
  simpleResolvers: true,
})
export class WebhookDelivery extends Node {
  /** Counts up in the order in which deliveries were recorded. Assigned by the database. */
  @Column("bigint", generatedInteger)
  position!: number;

  @Column("text")
  webhookId!: string;

  /** The position of the event; null for a test. */
  @Column("bigint", { ...integer, nullable: true })
  eventPosition!: number | null;

  @Field(() => Int, { description: "1 for the first attempt to deliver the event." })
  @Column("integer")
  attempt!: number;

  @Field(() => Date, { description: "When the request was sent." })
  @Column("bigint", instant)
  sentAt!: Date;

  @Field(() => Int, { description: "How long it took, in milliseconds." })
  @Column("integer")
  duration!: number;

  @Field(() => Int, { nullable: true, description: "The status of the response; null if there was none." })
  @Column("integer", { nullable: true })
  statusCode!: number | null;

  @Field(() => String, {
    nullable: true,
    description: "The first 1,024 characters of the response; null if it was empty.",
  })
  @Column("text", { nullable: true })
  responseStart!: string | null;

  @Field(() => String, { nullable: true, description: "Why it failed; null if it succeeded." })
  @Column("text", { nullable: true })
  problem!: string | null;

  @Field(() => Date, {
    nullable: true,
    description: "When the next attempt was scheduled for, as decided after this attempt; null if none was.",
  })
  @Column("bigint", { ...instant, nullable: true })
  nextAttemptAt!: Date | null;
}

/** An event that an unordered webhook still has to deliver. Its cursor has already passed the event. */
@Entity("webhook_queue")
export class QueuedEvent {
  @PrimaryColumn("text")
  webhookId!: string;

  @PrimaryColumn("bigint", { transformer: { from: Number, to: (value: number) => value } })
  eventPosition!: number;

  /** How many attempts failed. */
  @Column("integer")
  attempts!: number;

  @Column("bigint", instant)
  dueAt!: Date;

  @Column("bigint", instant)
  queuedAt!: Date;
}
