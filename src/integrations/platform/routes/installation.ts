import sql from "sql-template-tag";
import { z } from "zod";
import { columns } from "../../../database/rows/raw-rows.js";
import { requireApp } from "../../../domain/core/references.js";
import { notFound } from "../../../domain/core/refusal.js";
import { App } from "../../../entities/pipelines/app.js";
import {
  DEFAULT_REGION,
  ORGANIZATION,
  SPACE,
  STACK,
  toOrganization,
  toRegion,
  toSpace,
  toStack,
} from "../installation.js";
import { type PlatformParts, type RequestScope, type Routes, requestScope } from "../request.js";
import {
  accountSchema,
  appSchema,
  organizationSchema,
  reference,
  regionSchema,
  spaceSchema,
  stackSchema,
} from "../schemas.js";
import { toApp, toUser } from "../serializers.js";

const REGIONS = columns({ region: "text" });

/** Serves the objects of which old platforms have several and Railyard has one, and the account of the token. */
export function serveInstallation(http: Routes, parts: PlatformParts): void {
  for (const url of ["/account", "/users/~"]) {
    http.get(
      url,
      { schema: { summary: "Returns the account of the token", tags: ["account"], response: { 200: accountSchema } } },
      async (request) => {
        const { viewer } = requestScope(parts, request).ctx;
        return { ...toUser(viewer.name), name: viewer.name };
      },
    );
  }

  for (const [plural, name] of [
    ["/organizations", "organization"],
    ["/teams", "team"],
  ] as const) {
    http.get(
      plural,
      {
        schema: {
          summary: `Lists the single ${name}, the owner of everything`,
          tags: ["installation"],
          response: { 200: z.array(organizationSchema) },
        },
      },
      async () => [toOrganization()],
    );
    http.get(
      `${plural}/:name`,
      {
        schema: {
          summary: `Returns the single ${name}`,
          tags: ["installation"],
          params: z.object({ name: z.string() }),
          response: { 200: organizationSchema },
        },
      },
      async (request) => {
        requireOne(name, ORGANIZATION, request.params.name);
        return toOrganization();
      },
    );
  }

  http.get(
    "/spaces",
    {
      schema: { summary: "Lists the single space", tags: ["installation"], response: { 200: z.array(spaceSchema) } },
    },
    async (request) => [toSpace(await countApps(requestScope(parts, request)))],
  );

  http.get(
    "/spaces/:space",
    {
      schema: {
        summary: "Returns the single space",
        tags: ["installation"],
        params: z.object({ space: z.string() }),
        response: { 200: spaceSchema },
      },
    },
    async (request) => {
      requireOne("space", SPACE, request.params.space);
      return toSpace(await countApps(requestScope(parts, request)));
    },
  );

  http.get(
    "/regions",
    {
      schema: {
        summary: "Lists the regions that apps have, by name",
        tags: ["installation"],
        response: { 200: z.array(regionSchema) },
      },
    },
    async (request) => {
      const { reader } = requestScope(parts, request);
      const rows = await reader.query(
        "regions",
        REGIONS,
        sql`SELECT DISTINCT region FROM apps WHERE region IS NOT NULL AND deleted_at IS NULL ORDER BY region`,
      );
      return [...new Set([DEFAULT_REGION, ...rows.map((row) => row.region)])].map(toRegion);
    },
  );

  http.get(
    "/stacks",
    { schema: { summary: "Lists the single stack", tags: ["installation"], response: { 200: z.array(stackSchema) } } },
    async () => [toStack()],
  );

  http.get(
    "/stacks/:stack",
    {
      schema: {
        summary: "Returns the single stack",
        tags: ["installation"],
        params: z.object({ stack: z.string() }),
        response: { 200: stackSchema },
      },
    },
    async (request) => {
      requireOne("stack", STACK, request.params.stack);
      return toStack();
    },
  );

  http.get(
    "/favorites",
    {
      schema: {
        summary: "Returns an empty list: favorites are not stored",
        tags: ["apps"],
        response: { 200: z.array(appSchema) },
      },
    },
    async () => [],
  );

  // Akkeris' command line adds a favorite after each apps:create, which would fail without this route.
  http.post(
    "/favorites",
    {
      schema: {
        summary: "Returns the app; favorites are not stored",
        tags: ["apps"],
        body: z.object({ app: reference }),
        response: { 201: appSchema },
      },
    },
    async (request, reply) => {
      const { reader, loaders } = requestScope(parts, request);
      return reply.code(201).send(await toApp(loaders, await requireApp(reader, "app", request.body.app)));
    },
  );

  http.delete(
    "/favorites/:app",
    {
      schema: {
        summary: "Returns the app; favorites are not stored",
        tags: ["apps"],
        params: z.object({ app: z.string() }),
        response: { 200: appSchema },
      },
    },
    async (request) => {
      const { reader, loaders } = requestScope(parts, request);
      return toApp(loaders, await requireApp(reader, "app", request.params.app));
    },
  );
}

function countApps({ reader }: RequestScope): Promise<number> {
  return reader.count(App, { deletedAt: null });
}

/** Throws NOT_FOUND unless a reference names the only one of its kind. */
function requireOne(field: string, one: { readonly id: string; readonly name: string }, reference: string): void {
  if (reference !== one.id && reference !== one.name) throw notFound(field, `such ${field}; there is one, ${one.name}`);
}
