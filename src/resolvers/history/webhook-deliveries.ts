import sql from "sql-template-tag";
import { Args, ArgsType, Ctx, Field, Query, Resolver } from "type-graphql";
import { permit } from "../../domain/access/actions.js";
import { GithubDeliveryOutcome } from "../../entities/core/enums.js";
import { GithubDelivery } from "../../entities/github/github-delivery.js";
import { type Connection, GithubDeliveryConnection, PageArgs } from "../../schema/connections.js";
import type { Context } from "../../schema/context.js";
import { requiresRole } from "../../schema/roles.js";
import { DELIVERIES_NEWEST_FIRST, listRows, ofRepository } from "../lists.js";

@ArgsType()
class WebhookDeliveriesArgs extends PageArgs {
  @Field(() => String, {
    nullable: true,
    description: "Only deliveries of this repository, as `github.com/acme/shop`, as a URL, or as `acme/shop`.",
  })
  repository?: string | null;

  @Field(() => GithubDeliveryOutcome, { nullable: true, description: "Only deliveries with this outcome." })
  outcome?: GithubDeliveryOutcome | null;
}

@Resolver(() => GithubDelivery)
export class GithubDeliveryResolver {
  @Query(() => GithubDeliveryConnection, {
    description: `Lists the webhook deliveries that arrived from GitHub, newest first. Older ones are pruned. ${requiresRole("readWebhookDeliveries")}`,
  })
  async webhookDeliveries(
    @Ctx() ctx: Context,
    @Args(() => WebhookDeliveriesArgs) args: WebhookDeliveriesArgs,
  ): Promise<Connection<GithubDelivery>> {
    permit(ctx.viewer, "readWebhookDeliveries");
    const conditions = await ofRepository(ctx, args.repository);
    if (args.outcome != null) conditions.push(sql`e.outcome = ${args.outcome}`);
    return listRows(ctx, DELIVERIES_NEWEST_FIRST, args, conditions);
  }
}
