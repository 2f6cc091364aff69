import { Args, ArgsType, Field, ID, Resolver, Root, Subscription } from "type-graphql";
import { PROMOTION_EVENTS, type SubscriptionQuery, subscribe } from "../../domain/history/subscriptions.js";
import { LogEvent, type LogEvent as LogEventRow } from "../../entities/history/event.js";
import { EventCursor } from "../../entities/history/event-cursor.js";
import { EventType } from "../../entities/history/event-type.js";
import { PromotionEvent } from "../../entities/history/promotion-event.js";
import { ReleaseStatusEvent } from "../../entities/history/release-event.js";
import type { Context } from "../../schema/context.js";
import { APP_FILTER, PIPELINE_FILTER, TYPES_FILTER } from "../../schema/event-filters.js";

@ArgsType()
abstract class SubscriptionArgs {
  @Field(() => ID, PIPELINE_FILTER)
  pipeline?: string | null;

  @Field(() => ID, APP_FILTER)
  app?: string | null;

  @Field(() => EventCursor, {
    nullable: true,
    description:
      "Replays all matching events after this cursor, then continues with new ones, without gaps or duplicates. If omitted, only new events are sent.",
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
  @Field(() => ID, { nullable: true, description: "Only statuses that apply to this release." })
  release?: string | null;

  @Field(() => [String], { nullable: true, description: "Only statuses in these contexts; at most 100." })
  contexts?: string[] | null;
}

@ArgsType()
class AllEventsArgs extends SubscriptionArgs {
  @Field(() => [EventType], TYPES_FILTER)
  types?: EventType[] | null;
}

/** Creates the `subscribe` function of a field. `toQuery` converts the arguments to the events to subscribe to. */
function subscribeTo<A extends SubscriptionArgs>(toQuery: (args: A) => SubscriptionQuery) {
  return async ({ args, context }: { args: unknown; context: unknown }) => {
    const ctx = context as Context;
    if (ctx.subscriptionSource === null) throw new Error("This transport does not support subscriptions.");
    return subscribe(ctx, ctx.subscriptionSource.feed, toQuery(args as A), ctx.subscriptionSource.signal);
  };
}

@Resolver()
export class SubscriptionResolver {
  @Subscription(() => PromotionEvent, {
    description:
      "Sends an event when a promotion begins to wait, starts or is forced, when one of its targets changes phase, and when it finishes.",
    subscribe: subscribeTo<PromotionEventsArgs>((args) => ({ ...args, types: PROMOTION_EVENTS })),
  })
  promotionEvents(
    @Root() event: PromotionEvent,
    @Args(() => PromotionEventsArgs) _: PromotionEventsArgs,
  ): PromotionEvent {
    return event;
  }

  @Subscription(() => ReleaseStatusEvent, {
    description: "Sends an event for each reported status, per release that it applies to.",
    subscribe: subscribeTo<ReleaseStatusEventsArgs>((args) => ({ ...args, types: ["RELEASE_STATUS_REPORTED"] })),
  })
  releaseStatusEvents(
    @Root() event: ReleaseStatusEvent,
    @Args(() => ReleaseStatusEventsArgs) _: ReleaseStatusEventsArgs,
  ): ReleaseStatusEvent {
    return event;
  }

  @Subscription(() => LogEvent, {
    description: "Sends an event for each committed change.",
    subscribe: subscribeTo<AllEventsArgs>((args) => args),
  })
  events(@Root() event: LogEventRow, @Args(() => AllEventsArgs) _: AllEventsArgs): LogEventRow {
    return event;
  }
}
