import { readFileSync } from "node:fs";
import { z } from "zod";

/** Documents by the SHA-256 of their text. */
export type TrustedDocuments = ReadonlyMap<string, string>;

/** The manifest of trusted documents cannot be read or is invalid. */
export class InvalidManifest extends Error {
  override readonly name = "InvalidManifest";
}

const MANIFEST = z.record(z.string().regex(/^(sha\d+:)?[0-9a-f]{40,128}$/i), z.string().min(1));

/**
 * Reads the manifest that GraphQL Code Generator's client preset writes: documents by the hash of their text.
 *
 * @throws InvalidManifest if the file cannot be read or is not such a manifest
 */
export function readTrustedDocuments(path: string): TrustedDocuments {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new InvalidManifest(`TRUSTED_DOCUMENTS cannot be read: ${(error as Error).message}`);
  }
  const documents = MANIFEST.safeParse(content);
  if (!documents.success) {
    throw new InvalidManifest("TRUSTED_DOCUMENTS must be a JSON object that maps SHA-256 hashes to documents.");
  }
  return new Map(Object.entries(documents.data).map(([hash, text]) => [normalizeHash(hash), text]));
}

/** @param hash as a client sends it, with or without the prefix `sha256:` */
export function findTrustedDocument(documents: TrustedDocuments, hash: string): string | undefined {
  return documents.get(normalizeHash(hash));
}

/** `sha256:AB12` and `ab12` are the same hash. */
function normalizeHash(hash: string): string {
  return hash.replace(/^sha\d+:/i, "").toLowerCase();
}
