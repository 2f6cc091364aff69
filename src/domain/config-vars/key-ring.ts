import { randomBytes } from "node:crypto";
import type { ConfigKey } from "../../entities/config-vars/config-var.js";
import { conflict, type Refusal } from "../core/refusal.js";
import { KEY_BYTES, open, seal, Unreadable } from "./sealing.js";

/** A key of the CONFIG_KEYS setting. */
export interface MasterKey {
  readonly name: string;
  /** 32 bytes. */
  readonly key: Buffer;
}

/**
 * The keys of CONFIG_KEYS. The first one encrypts, and all of them decrypt. They encrypt only the keys of apps and
 * pipelines.
 */
export class KeyRing {
  readonly #keys: ReadonlyMap<string, Buffer>;
  /** The name of the key that encrypts. */
  readonly current: string;

  /** @param keys at least one, with different names */
  constructor(keys: readonly MasterKey[]) {
    const [first] = keys;
    if (first === undefined) throw new Error("A key ring needs a key.");
    this.current = first.name;
    this.#keys = new Map(keys.map(({ name, key }) => [name, key]));
  }

  /** A new random key of an app or pipeline. */
  create(subjectId: string, kind: ConfigKey["kind"]): { row: ConfigKey; key: Buffer } {
    const key = randomBytes(KEY_BYTES);
    return { row: { subjectId, kind, ...this.#wrap(key, subjectId) }, key };
  }

  /**
   * Decrypts the key of an app or pipeline.
   *
   * @returns null if the key of CONFIG_KEYS that encrypts it is missing, or is another one with the same name
   */
  unwrap({ subjectId, wrappedBy, wrapped }: ConfigKey): Buffer | null {
    const master = this.#keys.get(wrappedBy);
    if (master === undefined) return null;
    try {
      return open(master, wrapped, subjectId);
    } catch (error) {
      if (error instanceof Unreadable) return null;
      throw error;
    }
  }

  /** The same key, encrypted with the first key; null if the key that encrypts it is missing. */
  rewrap(row: ConfigKey): Pick<ConfigKey, "wrappedBy" | "wrapped"> | null {
    const key = this.unwrap(row);
    return key === null ? null : this.#wrap(key, row.subjectId);
  }

  #wrap(key: Buffer, subjectId: string): Pick<ConfigKey, "wrappedBy" | "wrapped"> {
    const master = this.#keys.get(this.current) as Buffer;
    return { wrappedBy: this.current, wrapped: seal(master, key, subjectId) };
  }
}

/** The command that generates a key, for messages. */
export const MAKE_A_KEY = 'echo "k1:$(openssl rand -base64 32)"';

/** The refusal of an operation that needs CONFIG_KEYS, which is not set. */
export function refuseWithoutKeys(): Refusal {
  return conflict(
    `Config vars cannot be set: the service has no CONFIG_KEYS to encrypt them with. Make a key with \`${MAKE_A_KEY}\`, set CONFIG_KEYS to it on every instance, and restart.`,
  );
}

/** The refusal of an operation that needs a missing key of CONFIG_KEYS. */
export function refuseMissingKey(appName: string, key: string): Refusal {
  return conflict(
    `The config vars of ${appName} cannot be read: the key ${key} is missing from CONFIG_KEYS, or is another one there. Add it; if it is lost, set or unset every config var of the app at once.`,
  );
}
