import { createHash } from "node:crypto";
import sql from "sql-template-tag";
import { z } from "zod";
import type { Order } from "../../../database/rows/pages.js";
import { createBuild } from "../../../domain/builds/builds.js";
import { resolveRepository } from "../../../domain/builds/repository-names.js";
import { requireApp, requireBuild } from "../../../domain/core/references.js";
import { badInput } from "../../../domain/core/refusal.js";
import { parseRepository } from "../../../domain/core/values/repository-address.js";
import { Build } from "../../../entities/builds/build.js";
import { unsupported } from "../errors.js";
import { toId } from "../installation.js";
import { sendRange } from "../ranges.js";
import { type PlatformParts, type Routes, requestScope } from "../request.js";
import { buildSchema, slugSchema } from "../schemas.js";
import { toBuild, toSlug } from "../serializers.js";

const OLDEST_FIRST: Order<Build> = { entity: Build, by: "position", direction: "ASC" };
const MADE_ELSEWHERE = "builds are made elsewhere, and registered here with their artifact";
/** The id of the build that a rebuild returns. */
const NOT_REBUILT = toId("build", "not rebuilt");

/** Heroku's clients give a commit as the version; anything shorter may also be a version number. */
const FULL_SHA = /^[0-9a-f]{40}([0-9a-f]{24})?$/i;
const params = z.object({ app: z.string(), build: z.string().describe("The build's id.") });

export function serveBuilds(http: Routes, parts: PlatformParts): void {
  http.get(
    "/apps/:app/builds",
    {
      schema: {
        summary: "Lists the builds released on an app, oldest first",
        tags: ["builds"],
        params: z.object({ app: z.string() }),
        response: { 200: z.array(buildSchema), 206: z.array(buildSchema) },
      },
    },
    async (request, reply) => {
      const { reader } = requestScope(parts, request);
      const app = await requireApp(reader, "app", request.params.app);
      const released = [sql`e.id IN (SELECT r.build_id FROM releases r WHERE r.app_id = ${app.id})`];
      const builds = await sendRange(reader, reply, request.headers.range, OLDEST_FIRST, released);
      return builds.map((build) => toBuild(build, app));
    },
  );

  http.post(
    "/apps/:app/builds",
    {
      schema: {
        summary: "Registers an artifact as a build",
        tags: ["builds"],
        params: z.object({ app: z.string() }),
        body: z.object({
          url: z.string().nullish().describe("The URL of the artifact."),
          source_blob: z
            .object({ url: z.string(), checksum: z.string().nullish(), version: z.string().nullish() })
            .nullish()
            .describe("The artifact as Heroku's clients give it, instead of `url`. Its `version` may be a commit."),
          checksum: z.string().nullish(),
          repo: z.string().nullish().describe("The repository. Default: the repository of the app's pipeline."),
          sha: z.string().nullish().describe("The commit. Default: a hash of the artifact's URL."),
          component: z
            .string()
            .nullish()
            .describe(
              "The part of a monorepo. Default: that of the app's pipeline, if the build is of its repository.",
            ),
          branch: z.string().nullish(),
          version: z.string().nullish().describe("Stored as the commit's URL if it is a URL."),
        }),
        response: { 201: buildSchema },
      },
    },
    async (request, reply) => {
      const { ctx, reader, loaders, idempotencyKey } = requestScope(parts, request);
      const app = await requireApp(reader, "app", request.params.app);
      const { source_blob: blob, repo, component, branch } = request.body;
      const url = request.body.url ?? blob?.url;
      if (url == null) throw badInput("url", "url or source_blob.url must be given.");
      const checksum = request.body.checksum ?? blob?.checksum;
      const version = request.body.version ?? blob?.version;
      const sha = request.body.sha || (FULL_SHA.test(blob?.version ?? "") ? blob?.version : null);
      const coupling = await loaders.couplingOfApp.load(app.id);
      const pipeline = coupling === null ? null : await loaders.pipeline.load(coupling.pipelineId);
      const mine = pipeline?.repository ?? null;
      // CI may give a former name of the repository.
      const isMine = !repo || (await resolveRepository(ctx.db.reader, parseRepository("repo", repo))) === mine;
      const build = await createBuild(ctx, {
        // An app without a known repository gets one derived from its name.
        repository: repo || mine || `apps.railyard/apps/${app.name}`,
        component: component || (isMine ? (pipeline?.component ?? null) : null),
        branch: branch || null,
        commit: {
          sha: sha || createHash("sha1").update(url).digest("hex"),
          ...(version && /^https?:\/\//.test(version) && { url: version }),
        },
        artifact: url,
        checksum: checksum || null,
        idempotencyKey,
      });
      return reply.code(201).send(toBuild(build, app));
    },
  );

  http.get(
    "/apps/:app/builds/:build",
    { schema: { summary: "Returns a build", tags: ["builds"], params, response: { 200: buildSchema } } },
    async (request) => {
      const { reader } = requestScope(parts, request);
      const app = await requireApp(reader, "app", request.params.app);
      if (request.params.build === NOT_REBUILT) throw unsupported("build", MADE_ELSEWHERE);
      return toBuild(await requireBuild(reader, "build", request.params.build), app);
    },
  );

  // Akkeris' command line waits forever after an error here. It reads the failed build next, and prints that error.
  http.put(
    "/apps/:app/builds/:build",
    {
      schema: {
        summary: "Returns a failed build: Railyard registers builds and does not build them again",
        tags: ["builds"],
        params,
        response: { 200: buildSchema },
      },
    },
    async (request) => {
      const { reader } = requestScope(parts, request);
      const app = await requireApp(reader, "app", request.params.app);
      const build = await requireBuild(reader, "build", request.params.build);
      return { ...toBuild(build, app), id: NOT_REBUILT, status: "failed" as const };
    },
  );

  http.delete(
    "/apps/:app/builds/:build",
    {
      schema: {
        summary: "Refused: a build cannot be stopped or deleted",
        tags: ["builds"],
        params,
        response: { 200: buildSchema },
      },
    },
    () => {
      throw unsupported("build", MADE_ELSEWHERE);
    },
  );

  http.get(
    "/apps/:app/builds/:build/result",
    {
      schema: {
        summary: "Returns no lines: the output of a build is where it was built",
        tags: ["builds"],
        params,
        response: { 200: z.object({ lines: z.array(z.string()) }) },
      },
    },
    async (request) => {
      const { reader } = requestScope(parts, request);
      await requireApp(reader, "app", request.params.app);
      await requireBuild(reader, "build", request.params.build);
      return { lines: [] };
    },
  );

  http.get(
    "/slugs/:slug",
    {
      schema: {
        summary: "Returns a build by the slug id in its releases",
        tags: ["builds"],
        params: z.object({ slug: z.string() }),
        response: { 200: slugSchema },
      },
    },
    async (request) => toSlug(await requireBuild(requestScope(parts, request).reader, "slug", request.params.slug)),
  );
}
