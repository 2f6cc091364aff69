import { z } from "zod";

/*
 * Schemas of the fields that are read from GitHub's payloads:
 * https://docs.github.com/webhooks/webhook-events-and-payloads. A payload that does not match its event's schema is
 * rejected.
 */

const instant = z.string().transform((text, context) => {
  const at = new Date(text);
  if (!Number.isNaN(at.getTime())) return at;
  context.addIssue({ code: "custom", message: "must be an ISO 8601 date and time" });
  return z.NEVER;
});

const sha = z.string().regex(/^[0-9a-fA-F]{40}([0-9a-fA-F]{24})?$/);

const repository = z.object({
  /** Includes the host, which on GitHub Enterprise Server is not github.com. */
  html_url: z.string(),
  /** Stays the same if the repository is renamed or transferred. */
  id: z.number().nullish().catch(null),
  updated_at: z.string().nullish().catch(null),
});

const login = z.object({ login: z.string() }).nullish().catch(null);

/** The fields that are read from every event. Matches any payload. */
export const ENVELOPE = z
  .object({
    action: z.string().nullish().catch(null),
    repository: repository.nullish().catch(null),
    /** In a `repository` event, the former name of a renamed repository, or the former owner of a transferred one. */
    changes: z
      .object({
        repository: z
          .object({ name: z.object({ from: z.string() }) })
          .nullish()
          .catch(null),
        owner: z
          .object({ from: z.object({ user: login, organization: login }) })
          .nullish()
          .catch(null),
      })
      .nullish()
      .catch(null),
  })
  .catch({});

const app = z.object({ slug: z.string().nullish(), name: z.string().nullish() }).nullish();

export const PULL_REQUEST = z.object({
  action: z.string(),
  number: z.int().min(1).max(2_147_483_647),
  repository,
  pull_request: z.object({
    state: z.enum(["open", "closed"]),
    title: z.string().nullish(),
    html_url: z.string().nullish(),
    updated_at: instant,
    user: z.object({ login: z.string() }).nullish(),
    head: z.object({
      ref: z.string(),
      sha: sha.nullish(),
      label: z.string().nullish(),
      // Null if the fork was deleted.
      repo: z.object({ id: z.number() }).nullish(),
    }),
    base: z.object({ repo: z.object({ id: z.number() }) }),
  }),
});

export const STATUS = z.object({
  repository,
  sha,
  context: z.string(),
  state: z.enum(["pending", "success", "failure", "error"]),
  description: z.string().nullish(),
  target_url: z.string().nullish(),
  avatar_url: z.string().nullish(),
  updated_at: instant,
});

export const CHECK_RUN = z.object({
  action: z.string(),
  repository,
  check_run: z.object({
    id: z.number().nullish(),
    name: z.string(),
    head_sha: sha,
    status: z.string(),
    conclusion: z.string().nullish(),
    started_at: instant.nullish(),
    completed_at: instant.nullish(),
    html_url: z.string().nullish(),
    details_url: z.string().nullish(),
    output: z.object({ title: z.string().nullish() }).nullish(),
    check_suite: z.object({ id: z.number() }).nullish(),
    app,
  }),
});

export const CHECK_SUITE = z.object({
  action: z.string(),
  repository,
  check_suite: z.object({
    id: z.number(),
    head_sha: sha,
    status: z.string().nullish(),
    conclusion: z.string().nullish(),
    updated_at: instant,
    app,
  }),
});
