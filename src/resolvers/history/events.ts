import { Args, ArgsType, Ctx, Field, FieldResolver, ID, Query, Resolver, Root } from "type-graphql";
import type { PageRequest } from "../../database/rows/pages.js";
import type { EventPage } from "../../domain/history/events.js";
import { listEvents, pipelineEvents, reportedStatus } from "../../domain/history/events.js";
import { Build } from "../../entities/builds/build.js";
import { Node } from "../../entities/core/node.js";
import { ChangeEvent } from "../../entities/history/change-event.js";
import { LogEvent, type LogEvent as LogEventRow } from "../../entities/history/event.js";
import { decodeCursor, EventCursor, encodeCursor } from "../../entities/history/event-cursor.js";
import { EventType } from "../../entities/history/event-type.js";
import { PromotionEvent } from "../../entities/history/promotion-event.js";
import { ReleaseEvent, ReleaseStatusEvent } from "../../entities/history/release-event.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { Promotion } from "../../entities/releases/promotion.js";
import { PromotionTarget } from "../../entities/releases/promotion-target.js";
import { Release } from "../../entities/releases/release.js";
import { ReleaseStatus } from "../../entities/releases/release-status.js";
import { type Connection, EventConnection, EventPageArgs, pageRequest } from "../../schema/connections.js";
import type { Context } from "../../schema/context.js";
import { APP_FILTER, PIPELINE_FILTER, TYPES_FILTER } from "../../schema/event-filters.js";
import { loadBuild, loadLivePipeline, loadNode, loadRelease, requireRow } from "../relations.js";

@ArgsType()
class EventsArgs extends EventPageArgs {
  @Field(() => ID, PIPELINE_FILTER)
  pipeline?: string | null;

  @Field(() => ID, APP_FILTER)
  app?: string | null;

  @Field(() => [EventType], TYPES_FILTER)
  types?: EventType[] | null;
}

@Resolver(() => LogEvent)
export class EventResolver {
  @Query(() => EventConnection, { description: "The event log, oldest first. `last` returns the newest events." })
  async events(@Ctx() ctx: Context, @Args(() => EventsArgs) args: EventsArgs): Promise<Connection<LogEventRow>> {
    const request = pageRequest(args, decodeCursor);
    return connectEvents(request, await listEvents(ctx, args, request));
  }

  @Query(() => EventCursor, {
    description:
      "The end of the event log when this response was read. Pass it as `after` to a subscription to receive every change that the response does not contain.",
  })
  cursor(@Ctx() { logHead }: Context): string {
    if (logHead === null) throw new Error("The head of the log was not read before the operation.");
    return encodeCursor(logHead);
  }

  @FieldResolver(() => Pipeline, {
    nullable: true,
    description: "The affected pipeline; null if the event affects no pipeline, or the pipeline was deleted.",
  })
  pipeline(@Root() { pipelineId }: LogEventRow, @Ctx() ctx: Context): Promise<Pipeline | null> {
    return loadLivePipeline(ctx, pipelineId);
  }
}

@Resolver(() => PromotionEvent)
export class PromotionEventResolver {
  @FieldResolver(() => Promotion, { description: "The promotion in its current state." })
  async promotion(@Root() { promotionId }: PromotionEvent, @Ctx() ctx: Context): Promise<Promotion> {
    return requireRow(ctx, await ctx.loaders.promotion.load(promotionId), "promotion", promotionId);
  }

  @FieldResolver(() => PromotionTarget, {
    nullable: true,
    description: "The changed target; null unless the type is PROMOTION_TARGET_CHANGED.",
  })
  async target(@Root() { detail }: PromotionEvent, @Ctx() ctx: Context): Promise<PromotionTarget | null> {
    return detail.targetId === null ? null : ctx.loaders.promotionTarget.load(detail.targetId);
  }
}

@Resolver(() => ReleaseStatusEvent)
export class ReleaseStatusEventResolver {
  @FieldResolver(() => Release, {
    description:
      "The release. A status on a build raises one event per release of the build, or one BUILD_UPDATED event if it has no release.",
  })
  release(@Root() { releaseId }: ReleaseStatusEvent, @Ctx() ctx: Context): Promise<Release> {
    return loadRelease(ctx, releaseId);
  }

  @FieldResolver(() => Build, { description: "The build of the release." })
  build(@Root() { detail }: ReleaseStatusEvent, @Ctx() ctx: Context): Promise<Build> {
    return loadBuild(ctx, detail.buildId);
  }

  @FieldResolver(() => ReleaseStatus, { description: "The status in its current state." })
  async status(@Root() event: ReleaseStatusEvent, @Ctx() ctx: Context): Promise<ReleaseStatus> {
    const { statusId } = event.detail;
    const status = await ctx.loaders.releaseStatus.load(statusId);
    // The app has left the pipelines that the viewer is restricted to: return the status as reported in the event.
    return status === null && ctx.viewer.scope !== null
      ? reportedStatus(event)
      : requireRow(ctx, status, "release status", statusId);
  }
}

@Resolver(() => ReleaseEvent)
export class ReleaseEventResolver {
  @FieldResolver(() => Release, { description: "The release in its current state." })
  release(@Root() { releaseId }: ReleaseEvent, @Ctx() ctx: Context): Promise<Release> {
    return loadRelease(ctx, releaseId);
  }

  @FieldResolver(() => ReleaseStatus, {
    nullable: true,
    description:
      "The status that failed the verification, in its current state; null if the verification timed out, if the status is not visible to the viewer, and for other types.",
  })
  async cause(@Root() { detail }: ReleaseEvent, @Ctx() ctx: Context): Promise<ReleaseStatus | null> {
    return detail.statusId === undefined ? null : ctx.loaders.releaseStatus.load(detail.statusId);
  }
}

@Resolver(() => ChangeEvent)
export class ChangeEventResolver {
  @FieldResolver(() => Node, {
    nullable: true,
    description: "The changed object in its current state; null if it was deleted, or is not visible to the viewer.",
  })
  subject(@Root() { detail }: ChangeEvent, @Ctx() ctx: Context): Promise<Node | null> {
    return loadNode(ctx, detail.subjectId);
  }
}

/** Returns a page of a pipeline's events. Batched: one statement for all pipelines of the same level. */
export async function nestedEvents(
  ctx: Context,
  pipelineId: string,
  args: EventPageArgs & { types?: EventType[] | null },
): Promise<Connection<LogEventRow>> {
  const request = pageRequest(args, decodeCursor);
  return connectEvents(request, await pipelineEvents(ctx, ctx.loaders.pages, pipelineId, args.types ?? null, request));
}

function connectEvents(request: PageRequest, { rows, more, other, count }: EventPage): Connection<LogEventRow> {
  return {
    edges: rows.map((node) => ({ cursor: node.cursor, node })),
    nodes: rows,
    pageInfo: {
      hasNextPage: request.backward ? other : more,
      hasPreviousPage: request.backward ? more : other,
      startCursor: rows[0]?.cursor ?? null,
      // An empty page at the end of the log still needs a cursor to continue from: the requested start.
      endCursor:
        rows.at(-1)?.cursor ?? (request.from === null || request.backward ? null : encodeCursor(Number(request.from))),
    },
    totalCount: count,
  };
}
