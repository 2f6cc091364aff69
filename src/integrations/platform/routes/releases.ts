import sql from "sql-template-tag";
import { z } from "zod";
import type { Order } from "../../../database/rows/pages.js";
import type { Reader } from "../../../database/rows/reader.js";
import { requireApp, requireRelease } from "../../../domain/core/references.js";
import { badInput, notFound } from "../../../domain/core/refusal.js";
import { createRelease, rollback } from "../../../domain/releases/releases.js";
import type { App } from "../../../entities/pipelines/app.js";
import { Release } from "../../../entities/releases/release.js";
import { sendRange } from "../ranges.js";
import { type PlatformParts, type Routes, requestScope } from "../request.js";
import { reference, releaseSchema } from "../schemas.js";
import { toRelease } from "../serializers.js";

const OLDEST_FIRST: Order<Release> = { entity: Release, by: "version", direction: "ASC" };
const params = z.object({ app: z.string(), release: z.string().describe("The release's id or version.") });

export function serveReleases(http: Routes, parts: PlatformParts): void {
  http.get(
    "/apps/:app/releases",
    {
      schema: {
        summary: "Lists the releases of an app, oldest first",
        tags: ["releases"],
        params: z.object({ app: z.string() }),
        response: { 200: z.array(releaseSchema), 206: z.array(releaseSchema) },
      },
    },
    async (request, reply) => {
      const { reader, loaders } = requestScope(parts, request);
      const { id } = await requireApp(reader, "app", request.params.app);
      const releases = await sendRange(reader, reply, request.headers.range, OLDEST_FIRST, [sql`e.app_id = ${id}`]);
      return Promise.all(releases.map((release) => toRelease(loaders, release)));
    },
  );

  http.post(
    "/apps/:app/releases",
    {
      schema: {
        summary: "Releases a build (`slug`) or rolls back to an earlier release (`release`)",
        tags: ["releases"],
        params: z.object({ app: z.string() }),
        body: z.object({
          slug: reference.nullish(),
          release: reference.nullish(),
          description: z.string().nullish(),
          force: z
            .boolean()
            .nullish()
            .describe("Releases a build past gates that are not met, which requires `reason` and the ADMIN role."),
          reason: z.string().nullish(),
        }),
        response: { 201: releaseSchema },
      },
    },
    async (request, reply) => {
      const { ctx, reader, loaders, idempotencyKey } = requestScope(parts, request);
      const { slug, release, description, force, reason } = request.body;
      if ((slug == null) === (release == null))
        throw badInput("slug", "Exactly one of slug and release must be given.");
      const app = await requireApp(reader, "app", request.params.app);
      const created =
        slug == null
          ? await rollback(ctx, {
              app: app.id,
              release: (await findRelease(reader, app, release as string)).id,
              ...(reason != null && { reason }),
              idempotencyKey,
            })
          : await createRelease(ctx, {
              app: app.id,
              build: slug,
              description: description ?? null,
              ...(force != null && { force }),
              ...(reason != null && { reason }),
              idempotencyKey,
            });
      return reply.code(201).send(await toRelease(loaders, created));
    },
  );

  http.get(
    "/apps/:app/releases/:release",
    { schema: { summary: "Returns a release", tags: ["releases"], params, response: { 200: releaseSchema } } },
    async (request) => {
      const { reader, loaders } = requestScope(parts, request);
      const app = await requireApp(reader, "app", request.params.app);
      return toRelease(loaders, await findRelease(reader, app, request.params.release));
    },
  );
}

/** Finds a release of an app by id or version (`3` or `v3`). */
export async function findRelease(reader: Reader, app: App, reference: string): Promise<Release> {
  const version = /^v?(\d{1,9})$/.exec(reference)?.[1];
  const release =
    version === undefined
      ? await requireRelease(reader, "release", reference)
      : await reader.first(Release, { appId: app.id, version: Number(version) });
  if (release === null || release.appId !== app.id) throw notFound("release", `such release of ${app.name}`);
  return release;
}
