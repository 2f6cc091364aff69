import { Args, ArgsType, Ctx, Field, FieldResolver, ID, Query, Resolver, Root } from "type-graphql";
import type { PageRequest } from "../database/rows/pages.js";
import type { EventPage } from "../domain/history/events.js";
import { listEvents, pipelineEvents, reportedStatus } from "../domain/history/events.js";
import { Build } from "../entities/builds/build.js";
import { EventType } from "../entities/core/enums.js";
import {
  LogEvent,
  type LogEvent as LogEventRow,
  PromotionEvent,
  ReleaseEvent,
  ReleaseStatusEvent,
} from "../entities/history/event.js";
import { decodeCursor, encodeCursor } from "../entities/history/event-cursor.js";
import { Pipeline } from "../entities/pipelines/pipeline.js";
import { Promotion, PromotionTarget } from "../entities/releases/promotion.js";
import { Release } from "../entities/releases/release.js";
import { ReleaseStatus } from "../entities/releases/release-status.js";
import { type Connection, EventConnection, EventPageArgs, pageRequest } from "../schema/connections.js";
import type { Context } from "../schema/context.js";
import { buildOf, livePipelineOf, releaseOf, requireRow } from "./relations.js";

@ArgsType()
class EventsArgs extends EventPageArgs {
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

  @Field(() => [EventType], { nullable: true, description: "Only events of these types." })
  types?: EventType[] | null;
}

@Resolver(() => LogEvent)
export class EventResolver {
  @Query(() => EventConnection, { description: "The event log, oldest first; `last` gives the newest ones." })
  async events(@Ctx() ctx: Context, @Args(() => EventsArgs) args: EventsArgs): Promise<Connection<LogEventRow>> {
    const request = pageRequest(args, decodeCursor);
    return connectEvents(request, await listEvents(ctx, args, request));
  }

  @FieldResolver(() => Pipeline, {
    nullable: true,
    description: "Null where the change concerns no pipeline, or the pipeline is gone.",
  })
  pipeline(@Root() { pipelineId }: LogEventRow, @Ctx() ctx: Context): Promise<Pipeline | null> {
    return livePipelineOf(ctx, pipelineId);
  }
}

@Resolver(() => PromotionEvent)
export class PromotionEventResolver {
  @FieldResolver(() => Promotion, { description: "The promotion, as it is now." })
  async promotion(@Root() { promotionId }: PromotionEvent, @Ctx() ctx: Context): Promise<Promotion> {
    return requireRow(ctx, await ctx.loaders.promotion.load(promotionId), "promotion", promotionId);
  }

  @FieldResolver(() => PromotionTarget, { nullable: true, description: "Set for PROMOTION_TARGET_CHANGED." })
  async target(@Root() { detail }: PromotionEvent, @Ctx() ctx: Context): Promise<PromotionTarget | null> {
    return detail.targetId === null ? null : ctx.loaders.promotionTarget.load(detail.targetId);
  }
}

@Resolver(() => ReleaseStatusEvent)
export class ReleaseStatusEventResolver {
  @FieldResolver(() => Release, {
    description:
      "A status on a build raises one event for each release of the build (where it has none, a BUILD_UPDATED).",
  })
  release(@Root() { releaseId }: ReleaseStatusEvent, @Ctx() ctx: Context): Promise<Release> {
    return releaseOf(ctx, releaseId);
  }

  @FieldResolver(() => Build, { description: "The build of that release." })
  build(@Root() { detail }: ReleaseStatusEvent, @Ctx() ctx: Context): Promise<Build> {
    return buildOf(ctx, detail.buildId);
  }

  @FieldResolver(() => ReleaseStatus, { description: "The status, as it is now." })
  async status(@Root() event: ReleaseStatusEvent, @Ctx() ctx: Context): Promise<ReleaseStatus> {
    const { statusId } = event.detail;
    const status = await ctx.loaders.releaseStatus.load(statusId);
    // Of an app that has left their pipelines, a limited viewer is told what was reported then.
    return status === null && ctx.viewer.scope !== null
      ? reportedStatus(event)
      : requireRow(ctx, status, "release status", statusId);
  }
}

@Resolver(() => ReleaseEvent)
export class ReleaseEventResolver {
  @FieldResolver(() => Release, { description: "The release, as it is now." })
  release(@Root() { releaseId }: ReleaseEvent, @Ctx() ctx: Context): Promise<Release> {
    return releaseOf(ctx, releaseId);
  }
}

/** The events of one pipeline; those of every pipeline on this level are read at once. */
export async function nestedEvents(
  ctx: Context,
  pipelineId: string,
  args: EventPageArgs & { types?: EventType[] | null },
): Promise<Connection<LogEventRow>> {
  const request = pageRequest(args, decodeCursor);
  return connectEvents(request, await pipelineEvents(ctx, ctx.loaders.pages, pipelineId, args.types ?? null, request));
}

function connectEvents(request: PageRequest, { rows, more, other }: EventPage): Connection<LogEventRow> {
  return {
    edges: rows.map((node) => ({ cursor: node.cursor, node })),
    nodes: rows,
    pageInfo: {
      hasNextPage: request.backward ? other : more,
      hasPreviousPage: request.backward ? more : other,
      startCursor: rows[0]?.cursor ?? null,
      // At the end of the log there is still a place to go on from: where the page began, or was asked to begin.
      endCursor:
        rows.at(-1)?.cursor ?? (request.from === null || request.backward ? null : encodeCursor(Number(request.from))),
    },
  };
}
