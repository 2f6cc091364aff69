import { z } from "zod";

/*
 * Schemas of the Platform API's objects. Responses are validated against them, and the reference is generated from
 * them. Fields that clients print without a check are not nullable below the top level.
 */

const id = z.string().describe("A UUID.");
const time = z.string().describe("ISO 8601, in UTC.");
const idAndName = z.object({ id, name: z.string() });

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
  app: idAndName,
  pipeline: idAndName,
  stage,
  created_at: time,
  updated_at: time,
  required_status_checks: z.object({ contexts: z.array(z.string()) }),
});

export const appSchema = z.object({
  id,
  name: z.string(),
  simple_name: z.string().describe("The same as `name`."),
  description: z.string(),
  created_at: time,
  updated_at: time,
  released_at: time.nullable().describe("When the current release was created."),
  archived_at: z.null(),
  maintenance: z.literal(false),
  preview: z.boolean().describe("Whether it is a review app."),
  image: z.string().describe("The artifact of the current release; empty without one."),
  git_url: z.string().describe("The repository of its pipeline; empty without one."),
  git_branch: z.string().describe("The branch of its pipeline; empty without a repository."),
  web_url: z.string().describe("Always empty: Railyard does not know where an app is served."),
  generation: z.object({ id, name: z.literal("railyard") }),
  owner: z.object({ id, email: z.string() }),
  region: idAndName,
  space: idAndName.describe("The single space, `default`."),
  stack: idAndName,
  build_stack: idAndName,
  organization: idAndName.describe("The single organization, `railyard`."),
  team: z.null(),
  repo_size: z.null(),
  slug_size: z.null(),
});

export const releaseSchema = z.object({
  id,
  app: idAndName,
  version: z.int(),
  status: z.enum(["queued", "pending", "succeeded", "failed"]),
  state: statusState.nullable().describe("The worst state of its statuses; null if none was reported."),
  current: z.boolean(),
  description: z.string(),
  slug: z.object({ id }).describe("The build."),
  eligible_for_rollback: z.boolean().describe("Whether the app can be rolled back to it: it succeeded."),
  addon_plan_names: z.array(z.string()).describe("Always empty."),
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
  app: idAndName,
  slug: z.object({ id }),
  component,
  status: z.enum(["pending", "succeeded", "failed"]),
  output_stream_url: z.string().describe("The path of its output, which is always empty."),
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
  pipeline: idAndName,
  source: z.object({
    app: idAndName.describe("The app's full name is `<app.name>-<space.name>`."),
    space: z.object({ name: z.string() }),
    release: z.object({ id }),
  }),
  status: z.enum(["pending", "completed"]),
  created_at: time,
  updated_at: time,
});

export const promotionTargetSchema = z.object({
  id,
  app: idAndName,
  pipeline_promotion: z.object({ id }),
  release: z
    .object({ id })
    .nullable()
    .describe("The release on the app; null while the promotion waits for its gates."),
  status: z.enum(["pending", "succeeded", "failed"]),
  error_message: z.string().nullable().describe("Why it failed; null otherwise."),
});

export const regionSchema = z.object({
  id,
  name: z.string(),
  description: z.string(),
  country: z.string(),
  locale: z.string(),
  private_capable: z.literal(false),
  provider: z.object({ name: z.string(), region: z.string() }),
  created_at: time,
  updated_at: time,
});

export const organizationSchema = z.object({
  id,
  name: z.string(),
  role: z.literal("member"),
  type: z.literal("team"),
  default: z.literal(false),
  created_at: time,
  updated_at: time,
});

export const stackSchema = z.object({
  id,
  name: z.string(),
  default: z.literal(true),
  region: idAndName,
  state: z.literal("public"),
  created_at: time,
  updated_at: time,
});

export const spaceSchema = z.object({
  id,
  name: z.string(),
  apps: z.int().describe("The number of apps."),
  compliance: z.array(z.string()),
  region: idAndName,
  stack: idAndName,
  state: z.literal("available"),
  organization: idAndName,
  team: idAndName,
  shield: z.literal(false),
  created_at: time,
  updated_at: time,
});

export const accountSchema = z.object({ id, email: z.string(), name: z.string() });

const nextStage = stage.nullable();
export const stagesSchema = z
  .object({ review: nextStage, development: nextStage, staging: nextStage, production: nextStage })
  .describe("The stage that each stage is promoted to; null for production.");

/** A reference by id or name: plain, or as `{ id }` or `{ name }`. */
export const reference = z
  .union([z.string(), z.object({ id: z.string() }), z.object({ name: z.string() })])
  .transform((value) => (typeof value === "string" ? value : "id" in value ? value.id : value.name))
  .describe("An id or name: plain, or as `{ id }` or `{ name }`.");

/** The schemas that have a name in the OpenAPI document. */
export const named = z.registry<{ id: string }>();
for (const [id, schema] of Object.entries({
  Named: idAndName,
  Pipeline: pipelineSchema,
  Coupling: couplingSchema,
  App: appSchema,
  Release: releaseSchema,
  Status: statusSchema,
  ReleaseStatuses: releaseStatusesSchema,
  SourceBlob: sourceBlob,
  Build: buildSchema,
  Slug: slugSchema,
  Promotion: promotionSchema,
  PromotionTarget: promotionTargetSchema,
  Account: accountSchema,
  Region: regionSchema,
  Organization: organizationSchema,
  Stack: stackSchema,
  Space: spaceSchema,
  Stages: stagesSchema,
})) {
  named.add(schema, { id });
}
