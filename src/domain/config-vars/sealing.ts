import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";

/*
 * AES-256-GCM and HMAC-SHA-256, with the formats in which the results are stored. All functions are synchronous and
 * have no state.
 */

export const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Stored data could not be decrypted: it was changed, or belongs to something else. The message holds no value. */
export class Unreadable extends Error {
  override readonly name = "Unreadable";
}

/**
 * Encrypts with a random nonce.
 *
 * @param belongsTo the owner. `open` requires the same one, so that a value cannot be moved to another row.
 * @returns nonce, tag and ciphertext in base64
 */
export function seal(key: Buffer, plain: Buffer, belongsTo: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(belongsTo));
  const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), ciphertext]).toString("base64");
}

/** @throws Unreadable */
export function open(key: Buffer, sealed: string, belongsTo: string): Buffer {
  const bytes = Buffer.from(sealed, "base64");
  const nonce = bytes.subarray(0, NONCE_BYTES);
  const tag = bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(belongsTo)).setAuthTag(tag);
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
  } catch {
    throw new Unreadable(`The stored data of ${belongsTo} cannot be decrypted.`);
  }
}

/** The length in bytes of what was sealed. */
export function sealedLength(sealed: string): number {
  return Buffer.byteLength(sealed, "base64") - NONCE_BYTES - TAG_BYTES;
}

/**
 * 12 hexadecimal digits; equal values have equal fingerprints. Without the key, a fingerprint cannot be used to test
 * guesses.
 */
export function fingerprint(key: Buffer, value: string): string {
  return createHmac("sha256", key).update(value).digest("hex").slice(0, 12);
}

/** A random fingerprint, for a value that cannot be read. */
export function noFingerprint(): string {
  return randomBytes(6).toString("hex");
}

/** The key for fingerprints of an app in no pipeline, from the key that encrypts its values. */
export function deriveFingerprintKey(appKey: Buffer): Buffer {
  return Buffer.from(hkdfSync("sha256", appKey, "", "railyard config fingerprints", KEY_BYTES));
}
