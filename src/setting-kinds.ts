import { z } from "zod";
import { MAKE_A_KEY, type MasterKey } from "./domain/config-vars/key-ring.js";
import { KEY_BYTES } from "./domain/config-vars/sealing.js";
import { readDuration } from "./domain/core/values/duration.js";
import { Role } from "./entities/core/enums.js";
import { parseNetwork } from "./integrations/webhooks/addresses.js";

/*
 * Parsers for the values of settings. Each reads the text of an environment variable, or reports what is wrong with it.
 */

/** A hundred years. Much longer durations would exceed the range of `Date`. */
const MAX_DURATION_MS = 36_500 * 86_400_000;

export function durationSetting(fallback: string) {
  return z
    .string()
    .default(fallback)
    .transform((text, context) => {
      const milliseconds = readDuration(text);
      if (milliseconds > 0 && milliseconds <= MAX_DURATION_MS) return milliseconds;
      context.addIssue({
        code: "custom",
        message: "must be a duration above zero and at most 36500d, for example 30s, 10m, 72h or 90d",
      });
      return z.NEVER;
    });
}

/** A longer delay is useless to load balancers, and supervisors kill a process that takes too long to stop. */
const MAX_SHUTDOWN_DELAY_MS = 5 * 60_000;

export const shutdownDelaySetting = z.string().transform((text, context) => {
  const milliseconds = readDuration(text);
  if (milliseconds >= 0 && milliseconds <= MAX_SHUTDOWN_DELAY_MS) return milliseconds;
  context.addIssue({ code: "custom", message: "must be a duration from 0s to 5m, for example 5s" });
  return z.NEVER;
});

export const originSetting = z.string().transform((text, context) => {
  const origins = text.split(",").map((origin) => origin.trim().replace(/\/$/, ""));
  for (const origin of origins.filter((text) => text !== "")) {
    if (URL.canParse(origin) && new URL(origin).origin === origin) continue;
    context.addIssue({
      code: "custom",
      message: "must be a comma-separated list of origins, for example https://dash.example.com",
    });
    return z.NEVER;
  }
  return origins.filter((origin) => origin !== "");
});

export const secretsSetting = z.string().transform((text, context) => {
  const secrets = text.split(",").map((secret) => secret.trim());
  if (secrets.every((secret) => secret.length >= 8)) return secrets;
  context.addIssue({
    code: "custom",
    message: "must be a secret of at least 8 characters, or two separated by a comma during rotation",
  });
  return z.NEVER;
});

/** `name:key` pairs, comma-separated, each key 32 bytes in base64. */
export const configKeysSetting = z.string().transform((text, context): MasterKey[] => {
  const keys: MasterKey[] = [];
  for (const pair of text.split(",").map((one) => one.trim())) {
    const [, name = "", encoded = ""] = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/]{43}=)$/.exec(pair) ?? [];
    const key = Buffer.from(encoded, "base64");
    const fits = key.length === KEY_BYTES && key.toString("base64") === encoded;
    if (fits && keys.every((other) => other.name !== name)) keys.push({ name, key });
    else {
      context.addIssue({
        code: "custom",
        message: `must be name:key pairs separated by commas, each with a different name and a key of 32 bytes in base64; \`${MAKE_A_KEY}\` makes one`,
      });
      return z.NEVER;
    }
  }
  return keys;
});

export function isDatabaseUrl(url: string): boolean {
  if (/^sqlite:.+/.test(url)) return !url.includes(":memory:");
  return /^postgres(ql)?:\/\//.test(url) && URL.canParse(url) && new URL(url).pathname.length > 1;
}

/** A whole number from 1. Optional settings are unlimited if unset. */
export const countSetting = z
  .string()
  .refine((text) => /^[1-9]\d{0,8}$/.test(text.trim()), "must be a whole number from 1 to 999999999")
  .transform(Number);

/** At least 8 MB, so that several of the largest bodies (5 MB) and messages (256 kB) fit. */
export const megabytesSetting = z
  .string()
  .refine(
    (text) => /^\d{1,5}$/.test(text.trim()) && Number(text) >= 8,
    "must be a whole number of megabytes from 8 to 99999",
  )
  .transform((text) => Number(text) * 1024 * 1024);

/** A longer timeout would keep connections that never finish. A shorter one would fail on slow networks. */
const [MIN_REQUEST_TIMEOUT_MS, MAX_REQUEST_TIMEOUT_MS] = [1_000, 5 * 60_000];

export const requestTimeoutSetting = z.string().transform((text, context) => {
  const milliseconds = readDuration(text);
  if (milliseconds >= MIN_REQUEST_TIMEOUT_MS && milliseconds <= MAX_REQUEST_TIMEOUT_MS) return milliseconds;
  context.addIssue({ code: "custom", message: "must be a duration from 1s to 5m, for example 30s" });
  return z.NEVER;
});

/** `claim=ROLE` pairs, comma-separated. */
export const rolesSetting = z.string().transform((text, context) => {
  const roles = new Map<string, Role>();
  for (const pair of text.split(",").map((text) => text.trim())) {
    const [value = "", role = "", ...rest] = pair.split("=").map((part) => part.trim());
    if (value !== "" && rest.length === 0 && role in Role) roles.set(value, role as Role);
    else {
      context.addIssue({
        code: "custom",
        message: `must be comma-separated pairs of a claim value and a role, for example deployers=OPERATOR,everyone=VIEWER; roles are ${Object.keys(Role).join(", ")}`,
      });
      return z.NEVER;
    }
  }
  return roles;
});

export function isHttp(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

/** Keys fetched over plain HTTP cannot be trusted. Localhost is allowed for trying it out. */
export function isIssuer(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, search, hash } = new URL(text);
  const local = protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  return (protocol === "https:" || local) && search === "" && hash === "";
}

/** Networks in CIDR notation, comma-separated. A single address is a network too. */
export const networksSetting = z.string().transform((text, context) => {
  const networks = text
    .split(",")
    .map((network) => network.trim())
    .filter((network) => network !== "");
  if (networks.every((network) => parseNetwork(network) !== null)) return networks;
  context.addIssue({
    code: "custom",
    message: "must be a comma-separated list of networks in CIDR notation, for example 10.0.0.0/8,fd00::/8",
  });
  return z.NEVER;
});

export const booleanSetting = z
  .enum(["true", "false"], { error: "must be true or false" })
  .transform((text) => text === "true");
