import { z } from "zod";
import { isUuid } from "../../../domain/core/input.js";
import { requireApp } from "../../../domain/core/references.js";
import { notFound } from "../../../domain/core/refusal.js";
import { rollup } from "../../../domain/gates/checks.js";
import { reportStatus } from "../../../domain/releases/statuses.js";
import type { StatusState } from "../../../entities/core/enums.js";
import type { Release } from "../../../entities/releases/release.js";
import type { ReleaseStatus } from "../../../entities/releases/release-status.js";
import { type PlatformParts, type RequestScope, type Routes, requestScope } from "../request.js";
import { releaseStatusesSchema, statusSchema, statusState } from "../schemas.js";
import { stateName, toRelease, toStatus } from "../serializers.js";
import { findRelease } from "./releases.js";

const params = z.object({ app: z.string(), release: z.string().describe("The release's id, or its version.") });
const oneParams = params.extend({ status: z.string().describe("The status's id, or its context, URL-encoded.") });

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
        summary: "Tells what third parties say of a release",
        tags: ["statuses"],
        params,
        response: { 200: releaseStatusesSchema },
      },
    },
    async (request) => {
      const asking = requestScope(parts, request);
      const release = await requireSubject(asking, request.params);
      const statuses = await asking.loaders.statusesOfRelease.load(release);
      const state = rollup(statuses.map((status) => status.state));
      return {
        state: state === null ? null : stateName(state),
        release: await toRelease(asking.loaders, release),
        statuses: statuses.map((status) => toStatus(status, release)),
      };
    },
  );

  http.post(
    "/apps/:app/releases/:release/statuses",
    {
      schema: {
        summary: "Reports how a release stands in one context",
        tags: ["statuses"],
        params,
        body: z.object({ state: statusState, context: z.string(), ...details }),
        response: { 201: statusSchema },
      },
    },
    async (request, reply) => {
      const asking = requestScope(parts, request);
      const release = await requireSubject(asking, request.params);
      const { context, state, ...said } = request.body;
      const status = await reportStatus(asking.ctx, {
        release: release.id,
        context,
        state: toState(state),
        ...parseStatus(said),
      });
      return reply.code(201).send(toStatus(status, release));
    },
  );

  http.get(
    "/apps/:app/releases/:release/statuses/:status",
    {
      schema: {
        summary: "Tells of one status",
        tags: ["statuses"],
        params: oneParams,
        response: { 200: statusSchema },
      },
    },
    async (request) => {
      const asking = requestScope(parts, request);
      const release = await requireSubject(asking, request.params);
      return toStatus(await findStatus(asking, release, request.params.status), release);
    },
  );

  http.patch(
    "/apps/:app/releases/:release/statuses/:status",
    {
      schema: {
        summary: "Reports anew in a context that was reported before",
        tags: ["statuses"],
        params: oneParams,
        body: z.object({ state: statusState.optional(), ...details }),
        response: { 200: statusSchema },
      },
    },
    async (request) => {
      const asking = requestScope(parts, request);
      const release = await requireSubject(asking, request.params);
      const prior = await findStatus(asking, release, request.params.status);
      const { state, ...said } = request.body;
      const status = await reportStatus(asking.ctx, {
        // A status of the build is told as the release's, and changed where it is: on the build.
        ...(prior.releaseId === null ? { build: prior.buildId } : { release: release.id }),
        context: prior.context,
        state: state === undefined ? prior.state : toState(state),
        ...parseStatus(said),
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
  const status = statuses.find((one) => one.id === id || one.context === reference);
  if (status === undefined) throw notFound("status", `such status of v${release.version}`);
  return status;
}

function toState(state: z.output<typeof statusState>): StatusState {
  return state.toUpperCase() as StatusState;
}

/** What was said beside the state. Its clients send an empty text for what they do not know. */
function parseStatus(said: { [K in keyof typeof details]?: string | null | undefined }) {
  const { name, description, target_url: targetUrl, image_url: imageUrl } = said;
  const known = Object.entries({ name, description, targetUrl, imageUrl }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known.map(([key, value]) => [key, value === "" ? null : value]));
}
