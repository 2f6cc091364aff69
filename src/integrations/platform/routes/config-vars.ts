import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { permit } from "../../../domain/access/actions.js";
import type { SetConfigVarInput } from "../../../domain/config-vars/input.js";
import { readValues } from "../../../domain/config-vars/read-config.js";
import { setConfig } from "../../../domain/config-vars/set-config.js";
import { requireApp } from "../../../domain/core/references.js";
import { ConfigVar } from "../../../entities/config-vars/config-var.js";
import { type PlatformParts, type RequestScope, type Routes, requestScope } from "../request.js";
import { findRelease } from "./releases.js";

const params = z.object({ app: z.string().describe("The app's id or name.") });
const values = z.record(z.string(), z.string());
const note = z.object({ description: z.string(), required: z.boolean() });
const notes = z.record(z.string(), note);

/**
 * Config vars for the command lines of Akkeris and Heroku. Both print values without a null check, so none may be null.
 */
export function serveConfigVars(http: Routes, parts: PlatformParts): void {
  const url = "/apps/:app/config-vars";
  http.get(
    url,
    {
      onSend: [doNotStore],
      schema: {
        summary: "Returns the config vars that are set; 403 if any is secret and the token may not read secrets",
        tags: ["apps"],
        params,
        response: { 200: values },
      },
    },
    async (request) => {
      const scope = requestScope(parts, request);
      const vars = await findVars(scope, request.params.app);
      // A partial response would look complete.
      if (vars.some((one) => one.secret)) permit(scope.ctx.viewer, "readConfig");
      return toValues(scope, vars);
    },
  );

  http.patch(
    url,
    {
      onSend: [doNotStore],
      schema: {
        summary: "Sets config vars, or unsets those with null; returns the given ones and those that are not secret",
        description: "A config var stays secret or public as it is. A new one is secret.",
        tags: ["apps"],
        params,
        body: z.record(z.string(), z.string().nullable()),
        response: { 200: values },
      },
    },
    async (request) => {
      const scope = requestScope(parts, request);
      const entries = Object.entries(request.body);
      const set = entries.flatMap(([key, value]) => (value === null ? [] : [{ key, value }]));
      const unset = entries.flatMap(([key, value]) => (value === null ? [key] : []));
      if (entries.length > 0) await setConfig(scope.ctx, { app: request.params.app, set, unset });
      const given = new Map(set.map(({ key, value }) => [key, value]));
      const open = (await findVars(scope, request.params.app)).filter((one) => !one.secret && !given.has(one.key));
      return { ...(await toValues(scope, open)), ...Object.fromEntries(given) };
    },
  );

  http.get(
    `${url}/notes`,
    {
      schema: {
        summary: "Returns the description of each config var, and whether the app requires it",
        tags: ["apps"],
        params,
        response: { 200: notes },
      },
    },
    async (request) => {
      const { reader } = requestScope(parts, request);
      const { id } = await requireApp(reader, "app", request.params.app);
      return toNotes(await reader.find(ConfigVar, { appId: id }, { order: "key" }));
    },
  );

  http.patch(
    `${url}/notes`,
    {
      schema: {
        summary: "Changes the description of config vars, and whether the app requires them",
        tags: ["apps"],
        params,
        body: z.record(z.string(), z.object({ description: z.string().nullish(), required: z.boolean().nullish() })),
        response: { 200: notes },
      },
    },
    async (request) => {
      const { ctx, reader } = requestScope(parts, request);
      const set = Object.entries(request.body).map(
        ([key, { description, required }]): SetConfigVarInput => ({
          key,
          ...(description !== undefined && { description }),
          ...(required != null && { required }),
        }),
      );
      const { app } = await setConfig(ctx, { app: request.params.app, set });
      const keys = set.map(({ key }) => key);
      return toNotes(await reader.find(ConfigVar, { appId: app.id, key: keys }, { order: "key" }));
    },
  );

  http.get(
    "/apps/:app/releases/:release/config-vars",
    {
      schema: {
        summary: "Returns an empty object: the config of earlier releases is not kept",
        tags: ["releases"],
        params: params.extend({ release: z.string().describe("The release's id or version.") }),
        response: { 200: z.object({}) },
      },
    },
    async (request) => {
      const { reader } = requestScope(parts, request);
      await findRelease(reader, await requireApp(reader, "app", request.params.app), request.params.release);
      return {};
    },
  );
}

/** The config vars of an app that are set, by key. */
async function findVars({ reader }: RequestScope, app: string): Promise<ConfigVar[]> {
  const { id } = await requireApp(reader, "app", app);
  const vars = await reader.find(ConfigVar, { appId: id }, { order: "key" });
  return vars.filter((one) => one.fingerprint !== null);
}

async function toValues({ ctx }: RequestScope, vars: readonly ConfigVar[]): Promise<Record<string, string>> {
  const read = await readValues(ctx, vars);
  return Object.fromEntries(
    vars.flatMap(({ key }, index) => {
      const value = read[index];
      return value == null ? [] : [[key, value]];
    }),
  );
}

function toNotes(vars: readonly ConfigVar[]): z.output<typeof notes> {
  return Object.fromEntries(
    vars.map(({ key, description, required }) => [key, { description: description ?? "", required }]),
  );
}

/** Prevents caching of the values, and removes the ETag, which would reveal a hash of them. */
async function doNotStore(_request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
  reply.removeHeader("etag").header("cache-control", "no-store");
  return payload;
}
