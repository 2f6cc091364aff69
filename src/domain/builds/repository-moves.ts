import sql from "sql-template-tag";
import { columns } from "../../database/rows/raw-rows.js";
import type { Tx } from "../../database/rows/tx.js";
import { Build } from "../../entities/builds/build.js";
import { CommitStatus } from "../../entities/builds/commit-status.js";
import { App } from "../../entities/pipelines/app.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { changed, type EventDraft } from "../../events/draft.js";
import { formatValue } from "../core/values/format-value.js";

/**
 * Moves what is stored under a former name of a repository to its current one: pipelines, builds, statuses of commits
 * and deliveries. Rows are rewritten, instead of being found by every name that the repository had: what matches builds
 * to pipelines, orders builds, limits tokens and decides gates compares one name, and an index serves it. Renames are
 * rare.
 *
 * @param id the id of the repository. Deliveries of another repository under that name stay.
 */
export async function moveRepository(tx: Tx, from: string, to: string, id: string, now: Date): Promise<EventDraft[]> {
  const pipelines = await tx.find(Pipeline, { repository: from, deletedAt: null }, { order: "id", lock: "change" });
  const apps = await appsWithBuilds(tx, from);
  const events: EventDraft[] = [];
  for (const pipeline of pipelines) {
    await tx.update(Pipeline, { id: pipeline.id }, { repository: to, updatedAt: now });
    const summary = `Pipeline ${pipeline.name}: repository ${formatValue(to)}, renamed from ${from}`;
    const coupled = (await tx.find(Coupling, { pipelineId: pipeline.id })).map((coupling) => coupling.appId);
    for (const app of coupled) apps.delete(app);
    const event = changed("PIPELINE_UPDATED", pipeline, summary, { pipelineId: pipeline.id });
    events.push({ ...event, apps: coupled });
  }
  for (const app of await tx.find(App, { id: [...apps] }, { order: "id" })) {
    events.push(changed("APP_UPDATED", app, `App ${app.name}: builds of ${to}, renamed from ${from}`, { app }));
  }
  await tx.update(Build, { repository: from }, { repository: to });
  await moveCommitStatuses(tx, from, to);
  const mine = sql`repository = ${from} AND (repository_id = ${id} OR repository_id IS NULL)`;
  await tx.execute(
    "move_deliveries",
    sql`UPDATE webhook_deliveries SET repository = ${to}, subject = ${to} || substr(subject, ${from.length + 1}) WHERE ${mine}`,
  );
  return events;
}

const APP_IDS = columns({ app_id: "text" });

/** The apps that builds of the repository were released on: cached responses may show its name. */
async function appsWithBuilds(tx: Tx, repository: string): Promise<Set<string>> {
  const rows = await tx.query(
    "apps_with_builds",
    APP_IDS,
    sql`SELECT DISTINCT r.app_id FROM builds b JOIN releases r ON r.build_id = b.id JOIN apps a ON a.id = r.app_id
      WHERE b.repository = ${repository} AND a.deleted_at IS NULL`,
  );
  return new Set(rows.map((row) => row.app_id));
}

/** Of two statuses of one source, the later stays. */
async function moveCommitStatuses(tx: Tx, from: string, to: string): Promise<void> {
  const sameSource = sql`n.commit_sha = e.commit_sha AND n.context = e.context AND n.source = e.source`;
  const hasLater = sql`EXISTS (SELECT 1 FROM commit_statuses n
    WHERE n.repository = ${to} AND ${sameSource} AND n.said_at >= e.said_at)`;
  await tx.deleteWhere(CommitStatus, sql`e.repository = ${from} AND ${hasLater}`);
  const hasFormer = sql`EXISTS (SELECT 1 FROM commit_statuses n WHERE n.repository = ${from} AND ${sameSource})`;
  await tx.deleteWhere(CommitStatus, sql`e.repository = ${to} AND ${hasFormer}`);
  await tx.update(CommitStatus, { repository: from }, { repository: to });
}
