import { createHash } from "node:crypto";

/** A key of CONFIG_KEYS: the same for each name, so that servers of a test can share it. */
export function configKey(name: string): string {
  return `${name}:${createHash("sha256").update(name).digest("base64")}`;
}

/** The environment of a server with these keys, the first of which encrypts. */
export function configKeys(...names: string[]): { readonly CONFIG_KEYS: string } {
  return { CONFIG_KEYS: names.map(configKey).join(",") };
}
