import { z } from "zod";
import {
  booleanSetting,
  configKeysSetting,
  countSetting,
  durationSetting,
  isDatabaseUrl,
  isHttp,
  isIssuer,
  megabytesSetting,
  networksSetting,
  originSetting,
  requestTimeoutSetting,
  rolesSetting,
  secretsSetting,
  shutdownDelaySetting,
} from "./setting-kinds.js";

const BYTES_PER_MB = 1024 * 1024;

/** Every setting by name. A test compares the table of docs/settings.md with this schema. */
export const SETTINGS = z.object({
  PORT: z
    .string()
    .default("4000")
    .refine(
      (text) => /^\d{1,5}$/.test(text) && Number(text) <= 65_535,
      "must be a port from 0 to 65535, where 0 selects a free port",
    )
    .transform(Number),
  HOST: z.string().min(1, "must be an address to listen on").default("127.0.0.1"),
  DATABASE_URL: z
    .string()
    .default("sqlite:./data/railyard.sqlite")
    .refine(isDatabaseUrl, "must be sqlite:<file path> or postgres://<user>:<password>@<host>:<port>/<database>"),
  DATABASE_POOL_SIZE: z
    .string()
    .default("10")
    .refine((text) => /^[1-9]\d{0,2}$/.test(text), "must be a whole number from 1 to 999")
    .transform(Number),
  ADMIN_TOKEN: z
    .string()
    .regex(
      /^[\x21-\x7e]{32,512}$/,
      "must be 32 to 512 visible ASCII characters without spaces; `openssl rand -hex 32` creates one",
    )
    .optional(),
  CONFIG_KEYS: configKeysSetting.default([]),
  LOG_LEVEL: z
    .enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"], {
      error: "must be one of fatal, error, warn, info, debug, trace or silent",
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
    .refine(isHttp, "must be an HTTP URL, for example https://api.github.com or https://github.example.com/api/v3")
    .default("https://api.github.com"),
  GITHUB_DELIVERY_RETENTION: durationSetting("30d"),
  GITHUB_MAX_DELIVERIES: countSetting.default(100_000),
  WEBHOOK_NETWORKS: networksSetting.default([]),
  WEBHOOK_ALLOW_HTTP: booleanSetting.default(false),
  PUBLIC_URL: z
    .string()
    .refine(isHttp, "must be the URL of the page, for example https://railyard.example.com")
    .optional(),
  ALLOWED_ORIGINS: originSetting.default([]),
  BASE_PATH: z
    .string()
    .transform((text) => text.replace(/\/+$/, ""))
    .refine(
      (text) => /^(?:\/[\w.~-]+)*$/.test(text),
      "must be a path of letters, digits, dashes and slashes that begins with a slash, for example /railyard",
    )
    .optional(),
  DEPLOY_TIMEOUT: durationSetting("10m"),
  REVIEW_APP_TTL: durationSetting("72h"),
  EVENT_RETENTION: durationSetting("90d"),
  SHUTDOWN_DELAY: shutdownDelaySetting.optional(),
  REQUEST_TIMEOUT: requestTimeoutSetting.default(30_000),
  MAX_INCOMING_MB: megabytesSetting.default(32 * BYTES_PER_MB),
  MAX_OUTGOING_MB: megabytesSetting.default(64 * BYTES_PER_MB),
  QUERY_MAX_TOKENS: countSetting.default(2000),
  QUERY_MAX_DEPTH: countSetting.default(20),
  QUERY_MAX_ROOT_FIELDS: countSetting.default(30),
  QUERY_MAX_DIRECTIVES: countSetting.default(50),
  QUERY_MAX_COST: countSetting.default(250_000),
  QUERY_MAX_ROWS: countSetting.default(10_000),
  SUBSCRIPTIONS_PER_TOKEN: countSetting.default(50),
  COST_PER_MINUTE: countSetting.optional(),
  TRUSTED_DOCUMENTS: z.string().optional(),
  OIDC_ISSUER: z
    .string()
    .refine(isIssuer, "must be the https URL of an issuer, for example https://login.example.com/realm")
    .optional(),
  OIDC_AUDIENCE: z.string().optional(),
  OIDC_ROLE_CLAIM: z.string().default("roles"),
  OIDC_GROUPS_CLAIM: z.string().default("groups"),
  OIDC_ROLES: rolesSetting.optional(),
  OIDC_CLIENT_ID: z.string().max(256, "must have at most 256 characters").optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .string()
    .refine(isHttp, "must be the URL of an OTLP/HTTP collector, for example http://localhost:4318")
    .optional(),
  OTEL_EXPORTER_OTLP_HEADERS: z.string().optional(),
});
