import type { FastifyRequest } from "fastify";
import sql from "sql-template-tag";
import { z } from "zod";
import { parseId } from "../../../domain/core/input.js";
import { badInput, notFound } from "../../../domain/core/refusal.js";
import { hiddenEvents } from "../../../domain/history/audit.js";
import { eventsAt } from "../../../domain/webhooks/statistics.js";
import type { LogEvent } from "../../../entities/history/event.js";
import { decodeCursor } from "../../../entities/history/event-cursor.js";
import { WebhookDelivery } from "../../../entities/webhooks/webhook-delivery.js";
import type { RequestScope, Routes } from "../request.js";
import { findWebhooks, type WebhookOwner } from "../webhooks/owners.js";
import { deliverySchema, toDelivery, toStatus, toWebhookEvent, webhookEventSchema } from "../webhooks/serializers.js";

/** Maximum number of deliveries in a response, newest first. The command line requests this many. */
const MAX_DELIVERIES = 1000;
/** Maximum number of events in a response. */
const MAX_EVENTS = 100;

/** The routes of one kind of owner. */
interface OwnerRoutes {
  /** The path of the owner, for example `/apps/:owner`. */
  readonly url: string;
  readonly tags: string[];
  readonly what: string;
  readonly params: z.ZodObject<{ owner: z.ZodString }>;
  open(request: FastifyRequest, reference: string): Promise<{ scope: RequestScope; owner: WebhookOwner }>;
}

/** Serves what the webhooks of an app or pipeline have sent. */
export function serveWebhookDeliveries(http: Routes, { url, tags, what, params, open }: OwnerRoutes): void {
  http.get(
    `${url}/webhook-deliveries`,
    {
      schema: {
        summary: `Lists what the webhooks of ${what} sent, newest first`,
        tags,
        params,
        querystring: z.object({ "eq[status]": z.string().optional().describe("Only those with this status.") }),
        response: { 200: z.array(deliverySchema) },
      },
    },
    async (request) => {
      const { scope, owner } = await open(request, request.params.owner);
      const status = request.query["eq[status]"];
      if (status !== undefined && !/^(succeeded|failed|retrying)$/.test(status))
        throw badInput("status", "status must be succeeded, failed or retrying.");
      const found = await findDeliveries(scope, owner);
      return found
        .filter(({ delivery }) => status === undefined || toStatus(delivery) === status)
        .map(({ webhook, delivery, event }) => toDelivery(webhook, delivery, event));
    },
  );

  http.get(
    `${url}/webhook-deliveries/:delivery`,
    {
      schema: {
        summary: `Returns a delivery of a webhook of ${what}`,
        tags,
        params: params.extend({ delivery: z.string() }),
        response: { 200: deliverySchema },
      },
    },
    async (request) => {
      const { scope, owner } = await open(request, request.params.owner);
      const id = parseId("delivery", request.params.delivery);
      const [found] = await findDeliveries(scope, owner, id);
      if (found === undefined) throw notFound("delivery", "such delivery");
      return toDelivery(found.webhook, found.delivery, found.event);
    },
  );

  http.get(
    `${url}/webhook-events`,
    {
      schema: {
        summary: `Lists the events that the webhooks of ${what} sent`,
        tags,
        params,
        response: { 200: z.array(webhookEventSchema) },
      },
    },
    async (request) => {
      const { scope, owner } = await open(request, request.params.owner);
      const events = new Map<number, LogEvent>();
      for (const { event } of await findDeliveries(scope, owner)) if (event !== null) events.set(event.position, event);
      const newest = [...events.values()].slice(0, MAX_EVENTS);
      return Promise.all(newest.map((event) => toWebhookEvent(scope.reader, event, scope.ctx.publicUrl)));
    },
  );

  http.get(
    `${url}/webhook-events/:event`,
    {
      schema: {
        summary: `Returns an event that a webhook of ${what} sent`,
        tags,
        params: params.extend({ event: z.string().describe("The event's cursor.") }),
        response: { 200: webhookEventSchema },
      },
    },
    async (request) => {
      const { scope, owner } = await open(request, request.params.owner);
      const position = decodeCursor(request.params.event);
      const found = (await findDeliveries(scope, owner)).find(
        ({ event }) => event !== null && event.position === position,
      );
      if (found?.event == null) throw notFound("event", "such event");
      return toWebhookEvent(scope.reader, found.event, scope.ctx.publicUrl);
    },
  );
}

/** What the webhooks of an owner sent, newest first, with the events that the viewer sees. */
async function findDeliveries(scope: RequestScope, owner: WebhookOwner, id: string | null = null) {
  const { reader, ctx } = scope;
  const webhooks = new Map((await findWebhooks(scope, owner)).map((webhook) => [webhook.id, webhook]));
  const isMine = reader.dialect.oneOf(sql`e.webhook_id`, [...webhooks.keys()]);
  const isWanted = id === null ? sql`1 = 1` : sql`e.id = ${id}`;
  const deliveries = await reader.select(
    "deliveries_of_owner",
    WebhookDelivery,
    sql`WHERE ${isMine} AND ${isWanted} ORDER BY e.position DESC LIMIT ${MAX_DELIVERIES}`,
  );
  const positions = [...new Set(deliveries.flatMap(({ eventPosition }) => eventPosition ?? []))];
  const hidden = hiddenEvents(ctx.viewer);
  const events = new Map(
    (await eventsAt(reader, positions)).flatMap((event) =>
      event === null || hidden.includes(event.type) ? [] : [[event.position, event] as const],
    ),
  );
  return deliveries.flatMap((delivery) => {
    const webhook = webhooks.get(delivery.webhookId);
    const event = delivery.eventPosition === null ? null : (events.get(delivery.eventPosition) ?? null);
    return webhook === undefined ? [] : [{ webhook, delivery, event }];
  });
}
