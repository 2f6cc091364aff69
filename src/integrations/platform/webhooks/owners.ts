import sql, { type Sql } from "sql-template-tag";
import type { Reader } from "../../../database/rows/reader.js";
import { requireApp, requirePipeline } from "../../../domain/core/references.js";
import { notFound } from "../../../domain/core/refusal.js";
import { findWebhook, visibleWebhooks } from "../../../domain/webhooks/access.js";
import type { App } from "../../../entities/pipelines/app.js";
import type { Pipeline } from "../../../entities/pipelines/pipeline.js";
import { Webhook } from "../../../entities/webhooks/webhook.js";
import type { RequestScope } from "../request.js";

/** What the webhooks of a path belong to. */
export type WebhookOwner =
  | { readonly kind: "app"; readonly app: App }
  | { readonly kind: "pipeline"; readonly pipeline: Pipeline };

/** Finds the owner that a path names. */
export async function findOwner(reader: Reader, kind: "app" | "pipeline", reference: string): Promise<WebhookOwner> {
  if (kind === "app") return { kind, app: await requireApp(reader, "app", reference) };
  return { kind, pipeline: await requirePipeline(reader, "pipeline", reference) };
}

/** The webhooks of an app, or of a pipeline alone. */
export function findWebhooks({ reader, ctx }: RequestScope, owner: WebhookOwner): Promise<Webhook[]> {
  const isMine =
    owner.kind === "app"
      ? sql`e.app_id = ${owner.app.id}`
      : sql`e.app_id IS NULL AND e.pipeline_ids = ${JSON.stringify([owner.pipeline.id])}`;
  const visible = visibleWebhooks(ctx.viewer).reduce((all: Sql, one) => sql`${all} AND ${one}`, isMine);
  return reader.select("webhooks_of_owner", Webhook, sql`WHERE ${visible} ORDER BY e.name`);
}

/** Finds a webhook of an owner, by id or name. */
export async function requireOwn(scope: RequestScope, owner: WebhookOwner, reference: string): Promise<Webhook> {
  const webhook = await findWebhook(scope.reader, scope.ctx.viewer, reference);
  const isOwn = (await findWebhooks(scope, owner)).some(({ id }) => id === webhook?.id);
  if (webhook === null || !isOwn) throw notFound("webhook", "such webhook");
  return webhook;
}
