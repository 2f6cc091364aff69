import sql from "sql-template-tag";
import { z } from "zod";
import type { Order } from "../../../database/rows/pages.js";
import { isName, isUuid } from "../../../domain/core/input.js";
import { requireApp } from "../../../domain/core/references.js";
import { createApp, deleteApp, updateApp } from "../../../domain/pipelines/apps.js";
import { App } from "../../../entities/pipelines/app.js";
import { unsupported } from "../errors.js";
import { OWNER_NAME } from "../installation.js";
import { sendRange } from "../ranges.js";
import { type PlatformParts, type Routes, requestScope } from "../request.js";
import { appSchema } from "../schemas.js";
import { toApp } from "../serializers.js";

const BY_NAME: Order<App> = { entity: App, by: "name", direction: "ASC" };
const LIVE = [sql`e.deleted_at IS NULL`];
const params = z.object({ app: z.string().describe("The app's id or name.") });
const emptyItem = z.object({ id: z.string() });
const UNSUPPORTED = [
  ["addons", "add-ons"],
  ["addon-attachments", "add-ons"],
  ["collaborators", "collaborators"],
  ["dynos", "processes"],
  ["formation", "processes"],
  ["features", "optional features"],
] as const;
const list = { 200: z.array(appSchema), 206: z.array(appSchema) };

export function serveApps(http: Routes, parts: PlatformParts): void {
  for (const url of ["/apps", "/users/~/apps", `/teams/${OWNER_NAME}/apps`]) {
    http.get(
      url,
      { schema: { summary: "Lists apps, by name", tags: ["apps"], response: list } },
      async (request, reply) => {
        const { reader, loaders } = requestScope(parts, request);
        const apps = await sendRange(reader, reply, request.headers.range, BY_NAME, LIVE);
        return Promise.all(apps.map((app) => toApp(loaders, app)));
      },
    );
  }

  http.post(
    "/filters/apps",
    {
      schema: {
        summary: "Returns the apps with these ids or names; unknown ones are omitted",
        tags: ["apps"],
        body: z.object({
          in: z.object({ id: z.array(z.string()).max(500).optional(), name: z.array(z.string()).max(500).optional() }),
        }),
        response: { 200: z.array(appSchema), 206: z.array(appSchema) },
      },
    },
    async (request) => {
      const { reader, loaders } = requestScope(parts, request);
      const ids = request.body.in.id?.filter(isUuid).map((id) => id.toLowerCase());
      const names = request.body.in.name?.filter(isName);
      const where = { deletedAt: null, ...(ids && { id: ids }), ...(names && { name: names }) };
      const apps = ids === undefined && names === undefined ? [] : await reader.find(App, where, { order: "name" });
      return Promise.all(apps.map((app) => toApp(loaders, app)));
    },
  );

  http.post(
    "/apps",
    {
      schema: {
        summary: "Creates an app",
        tags: ["apps"],
        body: z.object({
          name: z.string(),
          region: z.string().nullish(),
          description: z.string().nullish(),
          space: z.string().nullish().describe("Becomes the end of the app's name, as Akkeris' clients expect."),
          org: z.literal(OWNER_NAME).nullish().describe("The single organization."),
        }),
        response: { 201: appSchema },
      },
    },
    async (request, reply) => {
      const { ctx, loaders, idempotencyKey } = requestScope(parts, request);
      const { name, space, region = null, description = null } = request.body;
      const input = { name: space ? `${name}-${space}` : name, region, description, idempotencyKey };
      return reply.code(201).send(await toApp(loaders, await createApp(ctx, input)));
    },
  );

  http.get(
    "/apps/:app",
    { schema: { summary: "Returns an app", tags: ["apps"], params, response: { 200: appSchema } } },
    async (request) => {
      const { reader, loaders } = requestScope(parts, request);
      return toApp(loaders, await requireApp(reader, "app", request.params.app));
    },
  );

  http.patch(
    "/apps/:app",
    {
      schema: {
        summary: "Changes the name or description of an app",
        tags: ["apps"],
        params,
        body: z.looseObject({ name: z.string().optional(), description: z.string().nullish() }),
        response: { 200: appSchema },
      },
    },
    async (request) => {
      const { ctx, loaders } = requestScope(parts, request);
      const { name, description, ...others } = request.body;
      const [unknown] = Object.keys(others);
      // A client that reports success although nothing changed would mislead.
      if (unknown !== undefined) throw unsupported(unknown, `${unknown} of an app cannot be changed`);
      const changes = {
        ...(name !== undefined && { name }),
        ...(description !== undefined && { description: description ?? "" }),
      };
      return toApp(loaders, await updateApp(ctx, { app: request.params.app, ...changes }));
    },
  );

  http.delete(
    "/apps/:app",
    {
      schema: {
        summary: "Deletes an app that is in no pipeline",
        tags: ["apps"],
        params,
        response: { 200: appSchema },
      },
    },
    async (request) => {
      const { ctx, reader, loaders } = requestScope(parts, request);
      const app = await requireApp(reader, "app", request.params.app);
      const response = await toApp(loaders, app);
      await deleteApp(ctx, { app: app.id });
      return response;
    },
  );

  // Resources that Railyard does not have. Clients request them and print that there are none.
  for (const [name, what] of UNSUPPORTED) {
    http.get(
      `/apps/:app/${name}`,
      {
        schema: {
          summary: `Returns an empty list: Railyard has no ${what}`,
          tags: ["apps"],
          params,
          response: { 200: z.array(emptyItem) },
        },
      },
      async (request) => {
        await requireApp(requestScope(parts, request).reader, "app", request.params.app);
        return [];
      },
    );
  }

  for (const url of ["/addons", "/addon-attachments"]) {
    http.get(
      url,
      {
        schema: {
          summary: "Returns an empty list: Railyard has no add-ons",
          tags: ["apps"],
          response: { 200: z.array(emptyItem) },
        },
      },
      async () => [],
    );
  }
}
