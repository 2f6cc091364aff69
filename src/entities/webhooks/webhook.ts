import { Field, ObjectType } from "type-graphql";
import { Column, Entity } from "typeorm";
import type { Scope } from "../access/token.js";
import { Url } from "../core/custom-scalars.js";
import { type Role, WebhookFormat, WebhookState } from "../core/enums.js";
import { instant, integer } from "../core/instant.js";
import { Node } from "../core/node.js";
import { EventCursor, encodeCursor } from "../history/event-cursor.js";
import { EventType } from "../history/event-type.js";

@Entity("webhooks")
@ObjectType({
  implements: Node,
  description:
    "Sends the events of the log to a URL, in log order. It has a cursor, so it misses nothing and can be rewound.",
  simpleResolvers: true,
})
export class Webhook extends Node {
  @Field(() => String, { description: "The unique name." })
  @Column("text")
  name!: string;

  @Field(() => Url, { description: "Where events are sent, with POST." })
  @Column("text")
  url!: string;

  @Field(() => WebhookFormat, { description: "The format of the request body." })
  @Column("text")
  format!: WebhookFormat;

  @Field(() => [EventType], { nullable: true, description: "The types of events that are sent; null for all." })
  @Column("simple-json", { nullable: true })
  types!: EventType[] | null;

  /** The sorted ids of the pipelines whose events are sent; null for all events. */
  @Column("simple-json", { nullable: true })
  pipelineIds!: Scope | null;

  /** The app whose events are sent; null for all. */
  @Column("text", { nullable: true })
  appId!: string | null;

  @Field(() => Boolean, {
    description:
      "Whether events are sent one at a time in log order. Otherwise up to eight are sent at the same time, and each is retried independently.",
  })
  @Column("boolean")
  ordered!: boolean;

  @Field(() => WebhookState, { description: "Whether it sends events." })
  @Column("text")
  state!: WebhookState;

  /** The position in the log: all earlier events were delivered, left out, or are queued for a retry. */
  @Column("bigint", integer)
  position!: number;

  /** The signing secret, as `whsec_` and Base64. Returned only when it is created or rotated. */
  @Column("text")
  secret!: string;

  /** The secret before the last rotation; null if there is none. Valid until `previousSecretUntil`. */
  @Column("text", { nullable: true })
  previousSecret!: string | null;

  /** Requests are signed with the previous secret too until this time. */
  @Column("bigint", { ...instant, nullable: true })
  previousSecretUntil!: Date | null;

  /** The value of the `Authorization` header of requests; null for none. Never returned. */
  @Column("text", { nullable: true })
  authorizationHeader!: string | null;

  /**
   * The token that created or resumed it, which decides what it may see; null for a login of an external identity
   * provider.
   */
  @Column("text", { nullable: true })
  tokenId!: string | null;

  /** The role of the viewer that created or resumed it. Used only if `tokenId` is null. */
  @Column("text")
  role!: Role;

  /** The number of consecutive failed attempts. */
  @Column("integer")
  failures!: number;

  /** When the first of these attempts failed; null if the last one succeeded. */
  @Column("bigint", { ...instant, nullable: true })
  failingSince!: Date | null;

  @Field(() => Date, { nullable: true, description: "When the next attempt is due after a failure; null otherwise." })
  @Column("bigint", { ...instant, nullable: true })
  retriesAt!: Date | null;

  @Field(() => String, {
    nullable: true,
    description: "Why the last attempt failed, or why it was paused or disabled; null otherwise.",
  })
  @Column("text", { nullable: true })
  problem!: string | null;

  /** The instance that sends its events; null if none does. PostgreSQL only. */
  @Column("text", { nullable: true })
  leaseOwner!: string | null;

  /** When the lease of that instance ends, by the database's clock. */
  @Column("bigint", { ...instant, nullable: true })
  leaseUntil!: Date | null;

  @Field(() => Date, { description: "When it was created." })
  @Column("bigint", instant)
  createdAt!: Date;

  @Field(() => Date, { description: "When it was last changed, apart from its cursor." })
  @Column("bigint", instant)
  updatedAt!: Date;

  @Field(() => EventCursor, {
    description: "The position in the log. Earlier events were delivered or skipped, or are queued for a retry.",
  })
  get cursor(): string {
    return encodeCursor(this.position);
  }
}
