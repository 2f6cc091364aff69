import { z } from "zod";
import { Role } from "./entities/core/enums.js";
import type { OidcSettings } from "./server/auth/oidc.js";
import type { Limits } from "./server/execution/limits.js";

/** What the service is told from outside. Durations are milliseconds. */
export interface Config {
  readonly port: number;
  readonly host: string;
  readonly databaseUrl: string;
  /** PostgreSQL connections for writing, and as many again for reading. */
  readonly databasePoolSize: number;
  /** The secret of the administrator; null where one is to be made at the first start. */
  readonly adminToken: string | null;
  readonly logLevel: string;
  /** The secrets that a webhook may be signed with, the current one and the one before it; none where webhooks are off. */
  readonly githubWebhookSecrets: readonly string[];
  /** Whether a pull request from a fork gets a review app. */
  readonly githubForks: boolean;
  /** What GitHub is told of releases with; null where it is not told. */
  readonly githubToken: string | null;
  readonly githubApiUrl: string;
  readonly allowedOrigins: readonly string[];
  readonly deployTimeout: number;
  readonly reviewAppTtl: number;
  readonly eventRetention: number;
  /** How long the service keeps accepting requests after a SIGTERM, while `/readyz` answers 503. */
  readonly shutdownDelay: number;
  /** How large an operation may be. */
  readonly limits: Limits;
  /** What one token may spend in a minute; null for no end. */
  readonly costPerMinute: number | null;
  /** The manifest of the only documents that run; null where any may. */
  readonly trustedDocuments: string | null;
  /** Whose tokens are taken besides our own; null for nobody's. */
  readonly oidc: OidcSettings | null;
  /** The collector that is told of what the service does; null for none. OpenTelemetry itself reads where and how. */
  readonly tracesEndpoint: string | null;
  /** What the collector is sent with every request, as `name=value` pairs. */
  readonly tracesHeaders: string | null;
}

/** Settings that are wrong; one line for each. */
export class InvalidConfig extends Error {
  override readonly name = "WrongSettings";

  constructor(readonly problems: readonly string[]) {
    super(problems.join("\n"));
  }
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A hundred years: far beyond it, what time it would then be can no longer be told. */
const MAX_DURATION_MS = 36_500 * 86_400_000;

/** Milliseconds; NaN where the text is not a duration. */
function parseDuration(text: string): number {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text.trim());
  return Number(match?.[1]) * (UNITS[match?.[2] ?? ""] ?? Number.NaN);
}

function durationSetting(fallback: string) {
  return z
    .string()
    .default(fallback)
    .transform((text, context) => {
      const milliseconds = parseDuration(text);
      if (milliseconds > 0 && milliseconds <= MAX_DURATION_MS) return milliseconds;
      context.addIssue({
        code: "custom",
        message: "must be a duration above zero and of at most 36500d, as 30s, 10m, 72h or 90d",
      });
      return z.NEVER;
    });
}

/** Longer ones keep no balancer from noticing, and supervisors kill the process meanwhile. */
const MAX_SHUTDOWN_DELAY_MS = 5 * 60_000;

const shutdownDelaySetting = z.string().transform((text, context) => {
  const milliseconds = parseDuration(text);
  if (milliseconds >= 0 && milliseconds <= MAX_SHUTDOWN_DELAY_MS) return milliseconds;
  context.addIssue({ code: "custom", message: "must be a duration from 0s to 5m, as 5s" });
  return z.NEVER;
});

/**
 * Several instances behind a load balancer share a PostgreSQL database, and it takes balancers a few seconds to notice
 * `/readyz`. SQLite has one instance: there is nothing to hand over to, and a delay only makes its restart longer.
 */
const SHUTDOWN_DELAY_MS = { postgres: 5_000, sqlite: 0 };

const originSetting = z.string().transform((text, context) => {
  const origins = text.split(",").map((origin) => origin.trim().replace(/\/$/, ""));
  for (const origin of origins.filter((one) => one !== "")) {
    if (URL.canParse(origin) && new URL(origin).origin === origin) continue;
    context.addIssue({
      code: "custom",
      message: "must be a comma-separated list of origins, as https://dash.example.com",
    });
    return z.NEVER;
  }
  return origins.filter((origin) => origin !== "");
});

const secretsSetting = z.string().transform((text, context) => {
  const secrets = text.split(",").map((secret) => secret.trim());
  if (secrets.every((secret) => secret.length >= 8)) return secrets;
  context.addIssue({
    code: "custom",
    message: "must be a secret of at least 8 characters, or two separated by a comma while one replaces the other",
  });
  return z.NEVER;
});

function isSqlite(url: string): boolean {
  return url.startsWith("sqlite:");
}

function isDatabaseUrl(url: string): boolean {
  if (/^sqlite:.+/.test(url)) return !url.includes(":memory:");
  return /^postgres(ql)?:\/\//.test(url) && URL.canParse(url) && new URL(url).pathname.length > 1;
}

/** A count from 1 up; without a fallback, left out means that there is no end. */
const countSetting = z
  .string()
  .refine((text) => /^[1-9]\d{0,8}$/.test(text.trim()), "must be a whole number from 1 to 999999999")
  .transform(Number);

/** `claim=ROLE` pairs, comma-separated. */
const rolesSetting = z.string().transform((text, context) => {
  const roles = new Map<string, Role>();
  for (const pair of text.split(",").map((one) => one.trim())) {
    const [value = "", role = "", ...rest] = pair.split("=").map((part) => part.trim());
    if (value !== "" && rest.length === 0 && role in Role) roles.set(value, role as Role);
    else {
      context.addIssue({
        code: "custom",
        message: `must be pairs of a claim's value and a role, as deployers=OPERATOR,everyone=VIEWER; roles are ${Object.keys(Role).join(", ")}`,
      });
      return z.NEVER;
    }
  }
  return roles;
});

/** Every setting by its name; the README's table is held against this one by a test. */
export const SETTINGS = z.object({
  PORT: z
    .string()
    .default("4000")
    .refine(
      (text) => /^\d{1,5}$/.test(text) && Number(text) <= 65_535,
      "must be a port: 0 to 65535, 0 for any free one",
    )
    .transform(Number),
  HOST: z.string().min(1, "must be an address to listen on").default("127.0.0.1"),
  DATABASE_URL: z
    .string()
    .default("sqlite:./data/railyard.sqlite")
    .refine(isDatabaseUrl, "must be sqlite:<path of a file> or postgres://<user>:<password>@<host>:<port>/<database>"),
  DATABASE_POOL_SIZE: z
    .string()
    .default("10")
    .refine((text) => /^[1-9]\d{0,2}$/.test(text), "must be a number of connections: 1 to 999")
    .transform(Number),
  ADMIN_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]{1,512}$/, "must be 1 to 512 visible ASCII characters without spaces")
    .optional(),
  LOG_LEVEL: z
    .enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"], {
      error: "must be one of fatal, error, warn, info, debug, trace and silent",
    })
    .default("info"),
  GITHUB_WEBHOOK_SECRET: secretsSetting.default([]),
  GITHUB_FORKS: z.enum(["allow", "deny"], { error: "must be allow or deny" }).default("deny"),
  GITHUB_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]+$/, "must be visible ASCII characters without spaces")
    .optional(),
  GITHUB_API_URL: z
    .string()
    .refine(isHttp, "must be an address, as https://api.github.com or https://github.example.com/api/v3")
    .default("https://api.github.com"),
  ALLOWED_ORIGINS: originSetting.default([]),
  DEPLOY_TIMEOUT: durationSetting("10m"),
  REVIEW_APP_TTL: durationSetting("72h"),
  EVENT_RETENTION: durationSetting("90d"),
  SHUTDOWN_DELAY: shutdownDelaySetting.optional(),
  QUERY_MAX_TOKENS: countSetting.default(2000),
  QUERY_MAX_DEPTH: countSetting.default(20),
  QUERY_MAX_ROOT_FIELDS: countSetting.default(30),
  QUERY_MAX_DIRECTIVES: countSetting.default(50),
  QUERY_MAX_COST: countSetting.default(250_000),
  COST_PER_MINUTE: countSetting.optional(),
  TRUSTED_DOCUMENTS: z.string().optional(),
  OIDC_ISSUER: z
    .string()
    .refine(isIssuer, "must be the address of an issuer over https, as https://login.example.com/realm")
    .optional(),
  OIDC_AUDIENCE: z.string().optional(),
  OIDC_ROLE_CLAIM: z.string().default("roles"),
  OIDC_ROLES: rolesSetting.optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .string()
    .refine(isHttp, "must be the address of a collector that speaks OTLP over HTTP, as http://localhost:4318")
    .optional(),
  OTEL_EXPORTER_OTLP_HEADERS: z.string().optional(),
});

function isHttp(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

/** Keys that come over plain HTTP are worth nothing; from one's own machine they are for trying it out. */
function isIssuer(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, search, hash } = new URL(text);
  const local = protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  return (protocol === "https:" || local) && search === "" && hash === "";
}

/**
 * Reads the settings from environment variables; one that is empty counts as left out.
 *
 * @throws WrongSettings with every problem at once
 */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const settings = SETTINGS.safeParse(given);
  if (!settings.success) {
    throw new InvalidConfig(settings.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}.`));
  }
  const { data } = settings;
  return {
    port: data.PORT,
    host: data.HOST,
    databaseUrl: data.DATABASE_URL,
    databasePoolSize: data.DATABASE_POOL_SIZE,
    adminToken: data.ADMIN_TOKEN ?? null,
    logLevel: data.LOG_LEVEL,
    githubWebhookSecrets: data.GITHUB_WEBHOOK_SECRET,
    githubForks: data.GITHUB_FORKS === "allow",
    githubToken: data.GITHUB_TOKEN ?? null,
    githubApiUrl: data.GITHUB_API_URL.replace(/\/+$/, ""),
    allowedOrigins: data.ALLOWED_ORIGINS,
    deployTimeout: data.DEPLOY_TIMEOUT,
    reviewAppTtl: data.REVIEW_APP_TTL,
    eventRetention: data.EVENT_RETENTION,
    shutdownDelay: data.SHUTDOWN_DELAY ?? SHUTDOWN_DELAY_MS[isSqlite(data.DATABASE_URL) ? "sqlite" : "postgres"],
    limits: {
      tokens: data.QUERY_MAX_TOKENS,
      depth: data.QUERY_MAX_DEPTH,
      rootFields: data.QUERY_MAX_ROOT_FIELDS,
      directives: data.QUERY_MAX_DIRECTIVES,
      cost: data.QUERY_MAX_COST,
    },
    costPerMinute: data.COST_PER_MINUTE ?? null,
    trustedDocuments: data.TRUSTED_DOCUMENTS ?? null,
    oidc: oidcOf(data),
    tracesEndpoint: data.OTEL_EXPORTER_OTLP_ENDPOINT ?? null,
    tracesHeaders: data.OTEL_EXPORTER_OTLP_HEADERS ?? null,
  };
}

/** Signing in elsewhere is set up whole or not at all: without an audience, tokens meant for others would work here. */
function oidcOf(settings: z.infer<typeof SETTINGS>): OidcSettings | null {
  const { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience, OIDC_ROLES: roles, OIDC_ROLE_CLAIM: roleClaim } = settings;
  if (issuer === undefined && audience === undefined && roles === undefined) return null;
  const missing = Object.entries({ OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience, OIDC_ROLES: roles })
    .filter(([, value]) => value === undefined)
    .map(([name]) => `${name} must be set too: OIDC_ISSUER, OIDC_AUDIENCE and OIDC_ROLES go together.`);
  if (issuer === undefined || audience === undefined || roles === undefined) throw new InvalidConfig(missing);
  return { issuer, audience, roleClaim, roles };
}
