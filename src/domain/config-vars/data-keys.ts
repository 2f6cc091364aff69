import type { Reader } from "../../database/rows/reader.js";
import type { Tx } from "../../database/rows/tx.js";
import { ConfigKey, ConfigValue, ConfigVar } from "../../entities/config-vars/config-var.js";
import type { App } from "../../entities/pipelines/app.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import { type KeyRing, refuseMissingKey } from "./key-ring.js";
import { deriveFingerprintKey, fingerprint, noFingerprint, open } from "./sealing.js";

/*
 * The keys of apps and pipelines. The key of an app encrypts its values; the key of a pipeline computes fingerprints.
 */

type Subject = { readonly id: string; readonly kind: ConfigKey["kind"] };

/** The key of an app or pipeline; null if it has none, or one that CONFIG_KEYS cannot decrypt. */
export async function findKey(reader: Reader, ring: KeyRing | null, subjectId: string): Promise<Buffer | null> {
  if (ring === null) return null;
  const row = await reader.first(ConfigKey, { subjectId });
  return row === null ? null : ring.unwrap(row);
}

/**
 * Returns the key of an app. Creates it if it is missing. The caller has locked the app.
 *
 * @param replaces whether every value of the app is replaced or removed. Then a key that CONFIG_KEYS cannot decrypt is
 *   replaced too.
 * @throws Refusal CONFLICT if the key of CONFIG_KEYS that encrypts it is missing
 */
export async function requireAppKey(tx: Tx, ring: KeyRing, app: App, replaces: boolean): Promise<Buffer> {
  const row = await tx.first(ConfigKey, { subjectId: app.id });
  const known = row === null ? null : ring.unwrap(row);
  if (known !== null) return known;
  if (row !== null && !replaces) throw refuseMissingKey(app.name, row.wrappedBy);
  return replaceKey(tx, ring, { id: app.id, kind: "APP" }, row !== null);
}

/**
 * Returns the key for the fingerprints of an app's values: the key of its pipeline, which is created if it is missing
 * or, without a pipeline, one derived from the app's key. If CONFIG_KEYS cannot decrypt the pipeline's key, it is
 * replaced, and the fingerprints are computed again.
 */
export async function requireFingerprintKey(
  tx: Tx,
  ring: KeyRing,
  appKey: Buffer,
  pipelineId: string | null,
): Promise<Buffer> {
  if (pipelineId === null) return deriveFingerprintKey(appKey);
  // Two apps of a pipeline may need it at the same time.
  await tx.lockName(`config key of ${pipelineId}`);
  const row = await tx.first(ConfigKey, { subjectId: pipelineId });
  const known = row === null ? null : ring.unwrap(row);
  if (known !== null) return known;
  const key = await replaceKey(tx, ring, { id: pipelineId, kind: "PIPELINE" }, row !== null);
  if (row !== null) {
    for (const { appId } of await tx.find(Coupling, { pipelineId }))
      await writeFingerprints(tx, ring, appId, () => key);
  }
  return key;
}

async function replaceKey(tx: Tx, ring: KeyRing, { id, kind }: Subject, exists: boolean): Promise<Buffer> {
  const { row, key } = ring.create(id, kind);
  if (exists) await tx.delete(ConfigKey, { subjectId: id });
  await tx.insert(ConfigKey, [row]);
  return key;
}

/**
 * Computes the fingerprints of an app again after it was added to a pipeline or removed from one. Values that
 * CONFIG_KEYS cannot decrypt get random fingerprints.
 *
 * @param pipelineId the pipeline that it is in now; null for none
 */
export async function updateFingerprints(
  tx: Tx,
  ring: KeyRing | null,
  appId: string,
  pipelineId: string | null,
): Promise<void> {
  await writeFingerprints(tx, ring, appId, (appKey, known) => requireFingerprintKey(tx, known, appKey, pipelineId));
}

async function writeFingerprints(
  tx: Tx,
  ring: KeyRing | null,
  appId: string,
  toFingerprintKey: (appKey: Buffer, ring: KeyRing) => Promise<Buffer> | Buffer,
): Promise<void> {
  const values = await tx.find(ConfigValue, { appId });
  if (values.length === 0) return;
  const appKey = await findKey(tx, ring, appId);
  const key = appKey === null || ring === null ? null : await toFingerprintKey(appKey, ring);
  for (const value of values) {
    const made = appKey === null || key === null ? noFingerprint() : fingerprint(key, openValue(appKey, value));
    await tx.update(ConfigVar, { appId, key: value.key }, { fingerprint: made });
  }
}

/** Decrypts a value. */
export function openValue(appKey: Buffer, { appId, key, sealed }: ConfigValue): string {
  return open(appKey, sealed, toOwner(appId, key)).toString();
}

/** The owner of a sealed value, for `seal` and `open`. */
export function toOwner(appId: string, key: string): string {
  return `${appId}/${key}`;
}

/** Destroys the config of a deleted app: its key first of all, so that nothing can decrypt copies of its values. */
export async function destroyConfig(tx: Tx, appId: string): Promise<void> {
  await tx.delete(ConfigKey, { subjectId: appId });
  await tx.delete(ConfigValue, { appId });
  await tx.delete(ConfigVar, { appId });
}

/** Destroys the key of a deleted pipeline. */
export async function destroyPipelineKey(tx: Tx, pipelineId: string): Promise<void> {
  await tx.delete(ConfigKey, { subjectId: pipelineId });
}
