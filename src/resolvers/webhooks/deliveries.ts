import sql from "sql-template-tag";
import { Args, ArgsType, Ctx, Field, FieldResolver, Resolver, Root } from "type-graphql";
import { hiddenEvents } from "../../domain/history/audit.js";
import { eventsAt, webhooksById } from "../../domain/webhooks/statistics.js";
import { LogEvent } from "../../entities/history/event.js";
import { Webhook } from "../../entities/webhooks/webhook.js";
import { WebhookDelivery } from "../../entities/webhooks/webhook-delivery.js";
import {
  type Connection,
  connect,
  decodeCursor,
  PageArgs,
  pageRequest,
  WebhookDeliveryConnection,
} from "../../schema/connections.js";
import type { Context } from "../../schema/context.js";
import { WEBHOOK_DELIVERIES_NEWEST_FIRST as NEWEST_FIRST } from "../lists.js";
import { requireRow } from "../relations.js";

@ArgsType()
class DeliveriesArgs extends PageArgs {
  @Field(() => Boolean, { nullable: true, description: "Only those that failed, or only those that succeeded." })
  failed?: boolean | null;
}

@Resolver(() => Webhook)
export class WebhookDeliveriesResolver {
  @FieldResolver(() => WebhookDeliveryConnection, {
    description: "What was sent in the past 30 days, newest first: one delivery for each attempt.",
  })
  async deliveries(
    @Root() { id }: Webhook,
    @Ctx() ctx: Context,
    @Args(() => DeliveriesArgs) { failed = null, ...args }: DeliveriesArgs,
  ): Promise<Connection<WebhookDelivery>> {
    const request = pageRequest(args, decodeCursor(NEWEST_FIRST));
    const condition = (alias: "c" | "e") => {
      if (failed === null) return [];
      if (alias === "c") return [failed ? sql`c.problem IS NOT NULL` : sql`c.problem IS NULL`];
      return [failed ? sql`e.problem IS NOT NULL` : sql`e.problem IS NULL`];
    };
    const key = `failed ${failed}`;
    const page = await ctx.loaders.pages.load(NEWEST_FIRST, "webhookId", id, request, {
      key,
      conditions: condition("c"),
    });
    const mine = [sql`e.webhook_id = ${id}`, ...condition("e")];
    return connect(ctx.db.reader, NEWEST_FIRST, mine, request, page, () =>
      ctx.loaders.pages.count(WebhookDelivery, "webhookId", id, { key, conditions: condition("e") }),
    );
  }
}

@Resolver(() => WebhookDelivery)
export class WebhookDeliveryResolver {
  @FieldResolver(() => Webhook, { description: "The webhook that sent it." })
  async webhook(@Root() { webhookId }: WebhookDelivery, @Ctx() ctx: Context): Promise<Webhook> {
    return requireRow(ctx, await ctx.loaders.computed.load(webhooksById, webhookId), "webhook", webhookId);
  }

  @FieldResolver(() => LogEvent, {
    nullable: true,
    description: "The event that was sent; null if it was a test, or the log no longer holds it.",
  })
  async event(@Root() { eventPosition }: WebhookDelivery, @Ctx() ctx: Context): Promise<LogEvent | null> {
    const event = eventPosition === null ? null : await ctx.loaders.computed.load(eventsAt, eventPosition);
    return event === null || hiddenEvents(ctx.viewer).includes(event.type) ? null : event;
  }
}
