import { z } from "zod";
import { isUuid } from "../../../domain/core/input.js";
import { requireApp } from "../../../domain/core/references.js";
import { notFound } from "../../../domain/core/refusal.js";
import { rollup } from "../../../domain/gates/checks/checks.js";
import { reportStatus } from "../../../domain/releases/statuses.js";
import type { StatusState } from "../../../entities/core/enums.js";
import type { Release } from "../../../entities/releases/release.js";
import type { ReleaseStatus } from "../../../entities/releases/release-status.js";
import { type PlatformParts, type RequestScope, type Routes, requestScope } from "../request.js";
import { releaseStatusesSchema, statusSchema, statusState } from "../schemas.js";
import { stateName, toRelease, toStatus } from "../serializers.js";
import { findRelease } from "./releases.js";

const params = z.object({ app: z.string(), release: z.string().describe("The release's id or version.") });
const oneParams = params.extend({ status: z.string().describe("The status's id or its context, URL-encoded.") });

const details = {
  name: z.string().nullish(),
  description: z.string().nullish(),
  target_url: z.string().nullish(),
  image_url: z.string().nullish(),
};

export function serveStatuses(http: Routes, parts: PlatformParts): void {
  http.get(
    "/apps/:app/releases/:release/statuses",
    {
      schema: {
        summary: "Returns the combined state and the statuses of a release",
        tags: ["statuses"],
        params,
        response: { 200: releaseStatusesSchema },
      },
    },
    async (request) => {
      const scope = requestScope(parts, request);
      const release = await requireSubject(scope, request.params);
      const statuses = await scope.loaders.statusesOfRelease.load(release);
      const state = rollup(statuses.map((status) => status.state));
      return {
        state: state === null ? null : stateName(state),
        release: await toRelease(scope.loaders, release),
        statuses: statuses.map((status) => toStatus(status, release)),
      };
    },
  );

  http.post(
    "/apps/:app/releases/:release/statuses",
    {
      schema: {
        summary: "Reports a status of a release",
        tags: ["statuses"],
        params,
        body: z.object({ state: statusState, context: z.string(), ...details }),
        response: { 201: statusSchema },
      },
    },
    async (request, reply) => {
      const scope = requestScope(parts, request);
      const release = await requireSubject(scope, request.params);
      const { context, state, ...fields } = request.body;
      const status = await reportStatus(scope.ctx, {
        release: release.id,
        context,
        state: toState(state),
        ...parseStatus(fields),
      });
      return reply.code(201).send(toStatus(status, release));
    },
  );

  http.get(
    "/apps/:app/releases/:release/statuses/:status",
    {
      schema: {
        summary: "Returns a status",
        tags: ["statuses"],
        params: oneParams,
        response: { 200: statusSchema },
      },
    },
    async (request) => {
      const scope = requestScope(parts, request);
      const release = await requireSubject(scope, request.params);
      return toStatus(await findStatus(scope, release, request.params.status), release);
    },
  );

  http.patch(
    "/apps/:app/releases/:release/statuses/:status",
    {
      schema: {
        summary: "Updates a status",
        tags: ["statuses"],
        params: oneParams,
        body: z.object({ state: statusState.optional(), ...details }),
        response: { 200: statusSchema },
      },
    },
    async (request) => {
      const scope = requestScope(parts, request);
      const release = await requireSubject(scope, request.params);
      const prior = await findStatus(scope, release, request.params.status);
      const { state, ...fields } = request.body;
      const status = await reportStatus(scope.ctx, {
        // A status of the build is shown as the release's, and updated on the build.
        ...(prior.releaseId === null ? { build: prior.buildId } : { release: release.id }),
        context: prior.context,
        state: state === undefined ? prior.state : toState(state),
        ...parseStatus(fields),
      });
      return toStatus(status, release);
    },
  );
}

async function requireSubject(
  { reader }: RequestScope,
  names: { readonly app: string; readonly release: string },
): Promise<Release> {
  return findRelease(reader, await requireApp(reader, "app", names.app), names.release);
}

async function findStatus({ loaders }: RequestScope, release: Release, reference: string): Promise<ReleaseStatus> {
  const statuses = await loaders.statusesOfRelease.load(release);
  const id = isUuid(reference) ? reference.toLowerCase() : null;
  const status = statuses.find(({ id: statusId, context }) => statusId === id || context === reference);
  if (status === undefined) throw notFound("status", `such status of v${release.version}`);
  return status;
}

function toState(state: z.output<typeof statusState>): StatusState {
  return state.toUpperCase() as StatusState;
}

/** Parses the optional fields of a status. Clients send an empty string for an unknown value. */
function parseStatus(fields: { [K in keyof typeof details]?: string | null | undefined }) {
  const { name, description, target_url: targetUrl, image_url: imageUrl } = fields;
  const provided = Object.entries({ name, description, targetUrl, imageUrl }).filter(
    ([, value]) => value !== undefined,
  );
  return Object.fromEntries(provided.map(([key, value]) => [key, value === "" ? null : value]));
}
