import type { Config } from "./config.js";

/** What of the settings nobody may read in a log: the secrets, and the passwords in addresses, however they are spelled. */
export function secretsOf(config: Config): string[] {
  const { adminToken, githubWebhookSecrets, githubToken, databaseUrl, tracesEndpoint, tracesHeaders } = config;
  const headers = (tracesHeaders ?? "").split(",").map((pair) => pair.slice(pair.indexOf("=") + 1).trim());
  const passwords = [databaseUrl, tracesEndpoint].map((url) =>
    url !== null && URL.canParse(url) ? new URL(url).password : "",
  );
  const encoded = [...headers, ...passwords];
  const secrets = [adminToken, githubToken, ...githubWebhookSecrets, ...encoded, ...encoded.map(decoded)];
  return secrets.filter((secret): secret is string => secret !== null && secret !== "");
}

/** As it is told to the other end, where it is percent-encoded in a setting. */
function decoded(text: string): string {
  return new URLSearchParams(`p=${text.replaceAll("+", "%2B").replaceAll("&", "%26")}`).get("p") ?? text;
}
