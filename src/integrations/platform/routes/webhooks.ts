import { randomBytes } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import type { Reader } from "../../../database/rows/reader.js";
import { permit } from "../../../domain/access/actions.js";
import { rotateWebhookSecret } from "../../../domain/webhooks/control.js";
import { createWebhook, deleteWebhook, updateWebhook } from "../../../domain/webhooks/webhooks.js";
import { Coupling } from "../../../entities/pipelines/coupling.js";
import { type PlatformParts, type Routes, requestScope } from "../request.js";
import { typesFor } from "../webhooks/entities.js";
import { findOwner, findWebhooks, requireOwn, type WebhookOwner } from "../webhooks/owners.js";
import { toWebhook, webhookSchema } from "../webhooks/serializers.js";
import { serveWebhookDeliveries } from "./webhook-deliveries.js";

/** Heroku's `notify` does not retry, and `sync` does. Here both do; `sync` keeps the order. */
const level = z.enum(["notify", "sync"]);
const body = z.object({
  url: z.string(),
  include: z.array(z.string()).min(1).max(50),
  level,
  secret: z.string().nullish(),
  authorization: z.string().nullish(),
});

/** The paths with webhooks, and how their owner is found. */
const OWNERS = [
  { url: "/apps/:owner", tag: "apps", what: "an app" },
  { url: "/pipelines/:owner", tag: "pipelines", what: "a pipeline" },
] as const;

export function serveWebhooks(http: Routes, parts: PlatformParts): void {
  for (const { url, tag, what } of OWNERS) {
    const tags = [tag];
    const kind = tag === "apps" ? "app" : "pipeline";
    const params = z.object({ owner: z.string().describe(`The ${kind}'s id or name.`) });
    const one = params.extend({ webhook: z.string().describe("The webhook's id or name.") });
    const open = async (request: FastifyRequest, reference: string) => {
      const scope = requestScope(parts, request);
      permit(scope.ctx.viewer, "readWebhooks");
      return { scope, owner: await findOwner(scope.reader, kind, reference) };
    };

    http.get(
      `${url}/webhooks`,
      { schema: { summary: `Lists the webhooks of ${what}`, tags, params, response: { 200: z.array(webhookSchema) } } },
      async (request) => {
        const { scope, owner } = await open(request, request.params.owner);
        return (await findWebhooks(scope, owner)).map(toWebhook);
      },
    );

    http.post(
      `${url}/webhooks`,
      { schema: { summary: `Creates a webhook for ${what}`, tags, params, body, response: { 201: webhookSchema } } },
      async (request, reply) => {
        const { scope, owner } = await open(request, request.params.owner);
        const { url, include, level, secret, authorization } = request.body;
        const { webhook, secret: created } = await createWebhook(scope.ctx, {
          ...{ name: newName(owner), url, secret, authorization, ordered: level === "sync" },
          types: typesFor(include, owner.kind === "app"),
          ...(await findTarget(scope.reader, owner)),
        } as Parameters<typeof createWebhook>[1]);
        reply.header("heroku-webhook-secret", created);
        return reply.code(201).send(toWebhook(webhook));
      },
    );

    http.get(
      `${url}/webhooks/:webhook`,
      { schema: { summary: `Returns a webhook of ${what}`, tags, params: one, response: { 200: webhookSchema } } },
      async (request) => {
        const { scope, owner } = await open(request, request.params.owner);
        return toWebhook(await requireOwn(scope, owner, request.params.webhook));
      },
    );

    http.patch(
      `${url}/webhooks/:webhook`,
      {
        schema: {
          summary: `Changes a webhook of ${what}`,
          tags,
          params: one,
          body: body.partial(),
          response: { 200: webhookSchema },
        },
      },
      async (request) => {
        const { scope, owner } = await open(request, request.params.owner);
        const { id } = await requireOwn(scope, owner, request.params.webhook);
        const { url, include, level, secret } = request.body;
        const updated = await updateWebhook(scope.ctx, {
          webhook: id,
          url: url ?? null,
          ...(include !== undefined && { types: typesFor(include, owner.kind === "app") }),
          ...(level !== undefined && { ordered: level === "sync" }),
        });
        if (secret == null) return toWebhook(updated);
        return toWebhook((await rotateWebhookSecret(scope.ctx, { webhook: id, secret })).webhook);
      },
    );

    http.delete(
      `${url}/webhooks/:webhook`,
      { schema: { summary: `Deletes a webhook of ${what}`, tags, params: one, response: { 200: webhookSchema } } },
      async (request) => {
        const { scope, owner } = await open(request, request.params.owner);
        const { id } = await requireOwn(scope, owner, request.params.webhook);
        return toWebhook(await deleteWebhook(scope.ctx, { webhook: id }));
      },
    );

    serveWebhookDeliveries(http, { url, tags, what, params, open });
  }
}

/** A webhook of an app in a pipeline is restricted to the pipeline, so that OPERATOR may have it. */
async function findTarget(reader: Reader, owner: WebhookOwner): Promise<{ pipelines?: string[]; app?: string }> {
  if (owner.kind === "pipeline") return { pipelines: [owner.pipeline.id] };
  const coupling = await reader.first(Coupling, { appId: owner.app.id });
  return { app: owner.app.id, ...(coupling !== null && { pipelines: [coupling.pipelineId] }) };
}

/** Heroku's webhooks have no name. */
function newName(owner: WebhookOwner): string {
  const { name } = owner.kind === "app" ? owner.app : owner.pipeline;
  return `${name.slice(0, 50).replace(/-+$/, "")}-${randomBytes(4).toString("hex")}`;
}
