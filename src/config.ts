import type { z } from "zod";
import type { MasterKey } from "./domain/config-vars/key-ring.js";
import type { OidcSettings } from "./server/auth/oidc.js";
import type { Limits } from "./server/execution/admission/limits.js";
import { SETTINGS } from "./settings.js";

/** The service's settings. Durations are in milliseconds. */
export interface Config {
  readonly port: number;
  readonly host: string;
  readonly databaseUrl: string;
  /** Maximum number of PostgreSQL connections for writes, and the same number again for reads. */
  readonly databasePoolSize: number;
  /** The administrator's token; null to generate one at the first start. */
  readonly adminToken: string | null;
  /** The keys that encrypt config vars, the current one first; empty if config vars are disabled. */
  readonly configKeys: readonly MasterKey[];
  readonly logLevel: string;
  /**
   * Accepted webhook secrets: the current one and, during rotation, the previous one. Empty if webhooks are disabled.
   */
  readonly githubWebhookSecrets: readonly string[];
  /** Whether pull requests from forks get review apps. */
  readonly githubForks: boolean;
  /** The token for reporting releases to GitHub; null to disable reporting. */
  readonly githubToken: string | null;
  readonly githubApiUrl: string;
  /** Age after which webhook deliveries are pruned. */
  readonly githubDeliveryRetention: number;
  /** Maximum number of webhook deliveries that are kept. */
  readonly githubMaxDeliveries: number;
  /** Networks that webhooks may call although they are not public, in CIDR notation. */
  readonly webhookNetworks: readonly string[];
  /** Whether webhooks may call `http:` addresses. */
  readonly webhookAllowHttp: boolean;
  /** The address at which people open the page, without a trailing slash; null if it is not known. */
  readonly publicUrl: string | null;
  readonly allowedOrigins: readonly string[];
  /** The path that the service is reached under behind a proxy, for example `/railyard`; empty for none. */
  readonly basePath: string;
  readonly deployTimeout: number;
  readonly reviewAppTtl: number;
  readonly eventRetention: number;
  /** How long the service keeps accepting requests after SIGTERM while `/readyz` returns 503. */
  readonly shutdownDelay: number;
  /** How long a request may take to arrive, headers and body, in milliseconds. */
  readonly requestTimeout: number;
  /** Maximum bytes of all request bodies and WebSocket messages that have not arrived completely. */
  readonly maxIncomingBytes: number;
  /** Maximum bytes of all responses and events that clients have not read. */
  readonly maxOutgoingBytes: number;
  /** Limits on the size of an operation. */
  readonly limits: Limits;
  /** Maximum number of different subscriptions that one token may have at once. */
  readonly subscriptionsPerToken: number;
  /** Cost points that one token may spend per minute; null for no limit. */
  readonly costPerMinute: number | null;
  /** Path of the manifest of trusted documents; null if any document may run. */
  readonly trustedDocuments: string | null;
  /** The external issuer whose tokens are accepted; null for none. */
  readonly oidc: OidcSettings | null;
  /** The id of the page as a client of that issuer, for sign-in in the browser; null if people paste a token. */
  readonly oidcClientId: string | null;
  /** The OTLP endpoint for traces; null to disable tracing. OpenTelemetry reads the other `OTEL_*` variables itself. */
  readonly tracesEndpoint: string | null;
  /** Headers for the collector, as comma-separated `name=value` pairs. */
  readonly tracesHeaders: string | null;
}

/** Invalid settings, one line per problem. */
export class InvalidConfig extends Error {
  override readonly name = "InvalidConfig";

  constructor(readonly problems: readonly string[]) {
    super(problems.join("\n"));
  }
}

/**
 * Default by engine. With PostgreSQL there may be several instances behind a load balancer, which needs a few seconds
 * to notice `/readyz`. SQLite has a single instance, so a delay would only slow down restarts.
 */
const SHUTDOWN_DELAY_MS = { postgres: 5_000, sqlite: 0 };

function isSqlite(url: string): boolean {
  return url.startsWith("sqlite:");
}

/**
 * Reads the settings from environment variables. An empty variable counts as unset.
 *
 * @throws InvalidConfig with all problems
 */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  const variables = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const settings = SETTINGS.safeParse(variables);
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
    configKeys: data.CONFIG_KEYS,
    logLevel: data.LOG_LEVEL,
    githubWebhookSecrets: data.GITHUB_WEBHOOK_SECRET,
    githubForks: data.GITHUB_FORKS === "allow",
    githubToken: data.GITHUB_TOKEN ?? null,
    githubApiUrl: data.GITHUB_API_URL.replace(/\/+$/, ""),
    githubDeliveryRetention: data.GITHUB_DELIVERY_RETENTION,
    githubMaxDeliveries: data.GITHUB_MAX_DELIVERIES,
    webhookNetworks: data.WEBHOOK_NETWORKS,
    webhookAllowHttp: data.WEBHOOK_ALLOW_HTTP,
    publicUrl: data.PUBLIC_URL?.replace(/\/+$/, "") ?? null,
    allowedOrigins: data.ALLOWED_ORIGINS,
    basePath: data.BASE_PATH ?? "",
    deployTimeout: data.DEPLOY_TIMEOUT,
    reviewAppTtl: data.REVIEW_APP_TTL,
    eventRetention: data.EVENT_RETENTION,
    shutdownDelay: data.SHUTDOWN_DELAY ?? SHUTDOWN_DELAY_MS[isSqlite(data.DATABASE_URL) ? "sqlite" : "postgres"],
    requestTimeout: data.REQUEST_TIMEOUT,
    maxIncomingBytes: data.MAX_INCOMING_MB,
    maxOutgoingBytes: data.MAX_OUTGOING_MB,
    limits: {
      tokens: data.QUERY_MAX_TOKENS,
      depth: data.QUERY_MAX_DEPTH,
      rootFields: data.QUERY_MAX_ROOT_FIELDS,
      directives: data.QUERY_MAX_DIRECTIVES,
      cost: data.QUERY_MAX_COST,
      rows: data.QUERY_MAX_ROWS,
    },
    subscriptionsPerToken: data.SUBSCRIPTIONS_PER_TOKEN,
    costPerMinute: data.COST_PER_MINUTE ?? null,
    trustedDocuments: data.TRUSTED_DOCUMENTS ?? null,
    oidc: parseOidc(data),
    oidcClientId: data.OIDC_CLIENT_ID ?? null,
    tracesEndpoint: data.OTEL_EXPORTER_OTLP_ENDPOINT ?? null,
    tracesHeaders: data.OTEL_EXPORTER_OTLP_HEADERS ?? null,
  };
}

/** The OIDC settings must be complete: without an audience, tokens issued for other services would be accepted. */
function parseOidc(settings: z.infer<typeof SETTINGS>): OidcSettings | null {
  const { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience, OIDC_ROLES: roles, OIDC_ROLE_CLAIM: roleClaim } = settings;
  const { OIDC_GROUPS_CLAIM: groupsClaim } = settings;
  if (issuer === undefined && audience === undefined && roles === undefined) {
    if (settings.OIDC_CLIENT_ID === undefined) return null;
    throw new InvalidConfig(["OIDC_CLIENT_ID needs OIDC_ISSUER, OIDC_AUDIENCE and OIDC_ROLES."]);
  }
  const missing = Object.entries({ OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience, OIDC_ROLES: roles })
    .filter(([, value]) => value === undefined)
    .map(([name]) => `${name} must be set: OIDC_ISSUER, OIDC_AUDIENCE and OIDC_ROLES are required together.`);
  if (issuer === undefined || audience === undefined || roles === undefined) throw new InvalidConfig(missing);
  return { issuer, audience, roleClaim, groupsClaim, roles };
}
