import type { Config } from "./config.js";

/**
 * Collects the values of the settings that must not appear in a log: secrets and passwords in URLs, both encoded and
 * decoded.
 */
export function collectSecrets(config: Config): string[] {
  const { adminToken, configKeys, githubWebhookSecrets, githubToken, databaseUrl, tracesEndpoint, tracesHeaders } =
    config;
  const headers = (tracesHeaders ?? "").split(",").map((pair) => pair.slice(pair.indexOf("=") + 1).trim());
  const passwords = [databaseUrl, tracesEndpoint].map((url) =>
    url !== null && URL.canParse(url) ? new URL(url).password : "",
  );
  const encoded = [...headers, ...passwords];
  const keys = configKeys.map(({ key }) => key.toString("base64"));
  const secrets = [
    adminToken,
    githubToken,
    ...githubWebhookSecrets,
    ...keys,
    ...encoded,
    ...encoded.map(decodePercent),
  ];
  return secrets.filter((secret): secret is string => secret !== null && secret !== "");
}

/** Decodes percent-encoding, as the receiver would. */
function decodePercent(text: string): string {
  return new URLSearchParams(`p=${text.replaceAll("+", "%2B").replaceAll("&", "%26")}`).get("p") ?? text;
}
