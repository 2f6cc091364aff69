import { Arg, Args, Ctx, FieldResolver, ID, Int, Query, Resolver, Root } from "type-graphql";
import { permit } from "../../domain/access/actions.js";
import { findWebhook, visibleWebhooks } from "../../domain/webhooks/access.js";
import { countBehind } from "../../domain/webhooks/statistics.js";
import { App } from "../../entities/pipelines/app.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { Webhook } from "../../entities/webhooks/webhook.js";
import { type Connection, PageArgs, WebhookConnection } from "../../schema/connections.js";
import type { Context } from "../../schema/context.js";
import { requiresRole } from "../../schema/roles.js";
import { listRows, WEBHOOKS } from "../lists.js";
import { loadLivePipelines } from "../relations.js";

@Resolver(() => Webhook)
export class WebhookResolver {
  @Query(() => Webhook, {
    nullable: true,
    description: `Finds a webhook; null if it does not exist. ${requiresRole("readWebhooks")}`,
  })
  async webhook(
    @Ctx() ctx: Context,
    @Arg("webhook", () => ID, { description: "The webhook, by id or name." }) webhook: string,
  ): Promise<Webhook | null> {
    permit(ctx.viewer, "readWebhooks");
    return findWebhook(ctx.db.reader, ctx.viewer, webhook);
  }

  @Query(() => WebhookConnection, {
    description: `Lists webhooks, by name. ${requiresRole("readWebhooks")} ${requiresRole("manageUnrestrictedWebhooks", "Reading those for all events")}`,
  })
  async webhooks(@Ctx() ctx: Context, @Args(() => PageArgs) args: PageArgs): Promise<Connection<Webhook>> {
    permit(ctx.viewer, "readWebhooks");
    return listRows(ctx, WEBHOOKS, args, visibleWebhooks(ctx.viewer));
  }

  @FieldResolver(() => [Pipeline], {
    nullable: true,
    description: "The pipelines whose events are sent, without deleted ones; null for all events.",
  })
  pipelines(@Root() { pipelineIds }: Webhook, @Ctx() ctx: Context): Promise<Pipeline[] | null> {
    return loadLivePipelines(ctx, pipelineIds);
  }

  @FieldResolver(() => App, { nullable: true, description: "The app whose events are sent; null for all." })
  async app(@Root() { appId }: Webhook, @Ctx() ctx: Context): Promise<App | null> {
    return appId === null ? null : ctx.loaders.referenced.app.load(appId);
  }

  @FieldResolver(() => Int, {
    description:
      "The number of events in the log after the cursor, including those that it does not send, plus the events that are queued for a retry.",
  })
  behind(@Root() webhook: Webhook, @Ctx() ctx: Context): Promise<number> {
    return ctx.loaders.computed.load(countBehind, webhook);
  }
}
