import { z } from "zod";

/*
 * Schemas of the Platform API's objects. Responses are validated against them, and the reference is generated from
 * them. Fields that clients print without a check are not nullable below the top level.
 */

const id = z.string().describe("A UUID.");
const time = z.string().describe("ISO 8601, in UTC.");
const named = z.object({ id, name: z.string() });

export const stage = z.enum(["review", "development", "staging", "production"]);
export const statusState = z.enum(["pending", "success", "failure", "error"]);

const component = z.string().nullable().describe("The part of a monorepo; null for the whole repository.");

export const pipelineSchema = z.object({
  id,
  name: z.string(),
  component,
  created_at: time,
  updated_at: time,
  owner: z.object({ id, type: z.literal("team") }).describe("The owner of all pipelines."),
  repository: z.string().nullable().describe("The repository, for example `github.com/acme/shop`."),
  branch: z.string().describe("The branch that is deployed automatically."),
});

export const couplingSchema = z.object({
  id,
  app: named,
  pipeline: named,
  stage,
  created_at: time,
  updated_at: time,
  required_status_checks: z.object({ contexts: z.array(z.string()) }),
});

export const appSchema = z.object({
  id,
  name: z.string(),
  created_at: time,
  updated_at: time,
  released_at: time.nullable().describe("When the current release was created."),
  archived_at: z.null(),
  maintenance: z.literal(false),
  git_url: z.string(),
  web_url: z.string(),
  generation: z.object({ id, name: z.literal("railyard") }),
  owner: z.object({ id, email: z.string() }),
  region: named,
  space: z.null(),
  stack: named,
  build_stack: named,
  organization: z.null(),
  team: z.null(),
  repo_size: z.null(),
  slug_size: z.null(),
});

export const releaseSchema = z.object({
  id,
  app: named,
  version: z.int(),
  status: z.enum(["queued", "pending", "succeeded", "failed"]),
  state: statusState.nullable().describe("The worst state of its statuses; null if none was reported."),
  current: z.boolean(),
  description: z.string(),
  slug: z.object({ id }).describe("The build."),
  user: z.object({ id, email: z.string() }),
  created_at: time,
  updated_at: time,
});

export const statusSchema = z.object({
  id,
  state: statusState,
  name: z.string(),
  context: z.string(),
  description: z.string(),
  target_url: z.string(),
  image_url: z.string(),
  created_at: time,
  updated_at: time,
  release: z.object({ id }),
});

export const releaseStatusesSchema = z.object({
  state: statusState.nullable(),
  release: releaseSchema,
  statuses: z.array(statusSchema),
});

const sourceBlob = z.object({
  url: z.string(),
  commit: z.string(),
  branch: z.string(),
  author: z.string(),
  message: z.string(),
  version: z.string(),
  checksum: z.string(),
});

export const buildSchema = z.object({
  id,
  app: named,
  slug: z.object({ id }),
  component,
  status: z.enum(["pending", "succeeded", "failed"]),
  created_at: time,
  updated_at: time,
  source_blob: sourceBlob,
});

export const slugSchema = z.object({
  id,
  commit: z.string(),
  checksum: z.string(),
  component,
  created_at: time,
  updated_at: time,
  source_blob: sourceBlob,
});

export const promotionSchema = z.object({
  id,
  pipeline: named,
  source: z.object({
    app: named.describe("The app's full name is `<app.name>-<space.name>`."),
    space: z.object({ name: z.string() }),
    release: z.object({ id }),
  }),
  status: z.enum(["pending", "completed"]),
  created_at: time,
  updated_at: time,
});

export const promotionTargetSchema = z.object({
  id,
  app: named,
  pipeline_promotion: z.object({ id }),
  release: z.object({ id }),
  status: z.enum(["pending", "succeeded", "failed"]),
  error_message: z.string().nullable().describe("Why it failed; null otherwise."),
});

export const accountSchema = z.object({ id, email: z.string(), name: z.string() });

export const stagesSchema = z
  .record(stage, stage.nullable())
  .describe("The stage that each stage is promoted to; null for production.");

/** A reference by id or name: plain, or as `{ id }` or `{ name }`. */
export const reference = z
  .union([z.string(), z.object({ id: z.string() }), z.object({ name: z.string() })])
  .transform((value) => (typeof value === "string" ? value : "id" in value ? value.id : value.name))
  .describe("An id or name: plain, or as `{ id }` or `{ name }`.");
