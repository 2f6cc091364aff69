import type { Command, Option } from "commander";
import { define, option } from "../command.js";

/**
 * The settings that `serve` also accepts as options, by option name. Secrets are excluded, because other users of the
 * machine can read the arguments of a process.
 */
export const SERVE_OPTIONS: Readonly<Record<string, { readonly variable: string; readonly about: string }>> = {
  port: { variable: "PORT", about: "port to listen on; 0 for any free one" },
  host: { variable: "HOST", about: "address to listen on" },
  database: { variable: "DATABASE_URL", about: "sqlite:<path> or postgres://<user>@<host>/<database>" },
  "database-pool-size": {
    variable: "DATABASE_POOL_SIZE",
    about: "PostgreSQL connections for writing, and for reading",
  },
  "log-level": { variable: "LOG_LEVEL", about: "fatal, error, warn, info, debug, trace or silent" },
  "github-forks": { variable: "GITHUB_FORKS", about: "allow or deny review apps for forks" },
  "github-api-url": { variable: "GITHUB_API_URL", about: "address of GitHub's REST API" },
  "github-delivery-retention": {
    variable: "GITHUB_DELIVERY_RETENTION",
    about: "duration for which webhook deliveries are kept",
  },
  "github-max-deliveries": { variable: "GITHUB_MAX_DELIVERIES", about: "most webhook deliveries that are kept" },
  "webhook-networks": { variable: "WEBHOOK_NETWORKS", about: "comma-separated networks that webhooks may call" },
  "webhook-allow-http": { variable: "WEBHOOK_ALLOW_HTTP", about: "true to let webhooks call http: addresses" },
  "public-url": { variable: "PUBLIC_URL", about: "address of the page, for links in webhooks" },
  "allowed-origins": { variable: "ALLOWED_ORIGINS", about: "comma-separated origins of browser clients" },
  "base-path": { variable: "BASE_PATH", about: "path that the service is reached under behind a proxy" },
  "deploy-timeout": { variable: "DEPLOY_TIMEOUT", about: "duration after which a deployment has failed" },
  "review-app-ttl": { variable: "REVIEW_APP_TTL", about: "duration after which an unused review app is closed" },
  "event-retention": { variable: "EVENT_RETENTION", about: "duration for which events are kept" },
  "shutdown-delay": { variable: "SHUTDOWN_DELAY", about: "duration to keep accepting requests after SIGTERM" },
  "request-timeout": { variable: "REQUEST_TIMEOUT", about: "duration in which a request must arrive" },
  "max-incoming-mb": { variable: "MAX_INCOMING_MB", about: "megabytes of unfinished requests, all together" },
  "max-outgoing-mb": { variable: "MAX_OUTGOING_MB", about: "megabytes of unread responses, all together" },
  "query-max-tokens": { variable: "QUERY_MAX_TOKENS", about: "largest operation, in tokens" },
  "query-max-depth": { variable: "QUERY_MAX_DEPTH", about: "deepest selection of an operation" },
  "query-max-root-fields": { variable: "QUERY_MAX_ROOT_FIELDS", about: "most root fields of an operation" },
  "query-max-directives": { variable: "QUERY_MAX_DIRECTIVES", about: "most directives of an operation" },
  "query-max-cost": { variable: "QUERY_MAX_COST", about: "highest cost of an operation" },
  "query-max-rows": { variable: "QUERY_MAX_ROWS", about: "most rows in the lists of a response" },
  "subscriptions-per-token": {
    variable: "SUBSCRIPTIONS_PER_TOKEN",
    about: "different subscriptions that a token may have",
  },
  "cost-per-minute": { variable: "COST_PER_MINUTE", about: "cost that a token may spend in a minute" },
  "trusted-documents": { variable: "TRUSTED_DOCUMENTS", about: "manifest of the only documents that run" },
  "oidc-issuer": { variable: "OIDC_ISSUER", about: "OpenID Connect issuer whose tokens are accepted" },
  "oidc-audience": { variable: "OIDC_AUDIENCE", about: "audience that those tokens must have" },
  "oidc-role-claim": { variable: "OIDC_ROLE_CLAIM", about: "claim that holds the roles" },
  "oidc-groups-claim": { variable: "OIDC_GROUPS_CLAIM", about: "claim that holds the groups" },
  "oidc-roles": { variable: "OIDC_ROLES", about: "claim=ROLE pairs, comma-separated" },
  "oidc-client-id": { variable: "OIDC_CLIENT_ID", about: "id of the page as a client of that issuer" },
  "otel-exporter-otlp-endpoint": {
    variable: "OTEL_EXPORTER_OTLP_ENDPOINT",
    about: "collector that traces are sent to",
  },
};

export function addServe(program: Command): void {
  define<Readonly<Record<string, string>>>(
    program,
    {
      usage: "serve",
      about: "Run the service",
      examples: ["serve", "serve --port 8080 --database sqlite:/var/lib/railyard/railyard.sqlite"],
      notes: [
        "Each option overrides the environment variable of the same setting. Set secrets (ADMIN_TOKEN,\n" +
          "GITHUB_WEBHOOK_SECRET and others) in the environment only. Ctrl-C stops the service.",
      ],
      options: Object.entries(SERVE_OPTIONS).map(([name, { variable, about }]) => settingOption(name, variable, about)),
    },
    async ({ options }) => {
      for (const [name, { variable }] of Object.entries(SERVE_OPTIONS)) {
        const value = options[camelCase(name)];
        if (value !== undefined) process.env[variable] = value;
      }
      // Loaded only here, because all other commands are API clients, which start faster without the service.
      await import("../../main.js");
    },
  );
}

function settingOption(name: string, variable: string, about: string): Option {
  return option(`--${name} <value>`, `${about} (${variable})`);
}

/** The key that commander uses for an option. */
function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
