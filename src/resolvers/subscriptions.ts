import { Args, ArgsType, Field, ID, Resolver, Root, Subscription } from "type-graphql";
import { PROMOTION_EVENTS, type SubscriptionQuery, subscribe } from "../domain/history/subscriptions.js";
import { EventType } from "../entities/core/enums.js";
import {
  LogEvent,
  type LogEvent as LogEventRow,
  PromotionEvent,
  ReleaseStatusEvent,
} from "../entities/history/event.js";
import { EventCursor } from "../entities/history/event-cursor.js";
import type { Context } from "../schema/context.js";

@ArgsType()
abstract class SubscriptionArgs {
  @Field(() => ID, {
    nullable: true,
    description: "Only events of this pipeline, by id or name; of a deleted one, by id.",
  })
  pipeline?: string | null;

  @Field(() => ID, {
    nullable: true,
    description:
      "Only events that concern this app, by id or name: itself, or a promotion from or to it; of a deleted one, by id.",
  })
  app?: string | null;

  @Field(() => EventCursor, {
    nullable: true,
    description:
      "Tells every matching event after this cursor first, and then goes on live, with none lost and none repeated. Without it, only what happens from now on is told.",
  })
  after?: string | null;
}

@ArgsType()
class PromotionEventsArgs extends SubscriptionArgs {
  @Field(() => ID, { nullable: true, description: "Only events of this promotion." })
  promotion?: string | null;
}

@ArgsType()
class ReleaseStatusEventsArgs extends SubscriptionArgs {
  @Field(() => ID, { nullable: true, description: "Only statuses that hold for this release." })
  release?: string | null;

  @Field(() => [String], { nullable: true, description: "Only statuses in these contexts; at most 100." })
  contexts?: string[] | null;
}

@ArgsType()
class AllEventsArgs extends SubscriptionArgs {
  @Field(() => [EventType], { nullable: true, description: "Only events of these types." })
  types?: EventType[] | null;
}

/** How a subscription begins, once its arguments have become what is to be followed. */
function subscribeTo<A extends SubscriptionArgs>(queryOf: (args: A) => SubscriptionQuery) {
  return async ({ args, context }: { args: unknown; context: unknown }) => {
    const ctx = context as Context;
    if (ctx.subscriptionSource === null) throw new Error("A subscription was admitted where none is carried.");
    return subscribe(ctx, ctx.subscriptionSource.feed, queryOf(args as A), ctx.subscriptionSource.signal);
  };
}

@Resolver()
export class SubscriptionResolver {
  @Subscription(() => PromotionEvent, {
    description: "Tells of promotions as they start, as each of their targets moves, and as they finish.",
    subscribe: subscribeTo<PromotionEventsArgs>((args) => ({ ...args, types: PROMOTION_EVENTS })),
  })
  promotionEvents(
    @Root() event: PromotionEvent,
    @Args(() => PromotionEventsArgs) _: PromotionEventsArgs,
  ): PromotionEvent {
    return event;
  }

  @Subscription(() => ReleaseStatusEvent, {
    description: "Tells of every status that third parties report, for each release that it holds for.",
    subscribe: subscribeTo<ReleaseStatusEventsArgs>((args) => ({ ...args, types: ["RELEASE_STATUS_REPORTED"] })),
  })
  releaseStatusEvents(
    @Root() event: ReleaseStatusEvent,
    @Args(() => ReleaseStatusEventsArgs) _: ReleaseStatusEventsArgs,
  ): ReleaseStatusEvent {
    return event;
  }

  @Subscription(() => LogEvent, {
    description: "Tells of every change as it is committed.",
    subscribe: subscribeTo<AllEventsArgs>((args) => args),
  })
  events(@Root() event: LogEventRow, @Args(() => AllEventsArgs) _: AllEventsArgs): LogEventRow {
    return event;
  }
}
