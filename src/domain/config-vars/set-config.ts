import type { Tx } from "../../database/rows/tx.js";
import { ConfigValue, ConfigVar } from "../../entities/config-vars/config-var.js";
import { toActorColumns } from "../../entities/core/actor-columns.js";
import { App } from "../../entities/pipelines/app.js";
import type { Release } from "../../entities/releases/release.js";
import { append } from "../../events/append.js";
import { configChanged } from "../../events/draft.js";
import { permit } from "../access/actions.js";
import type { Ctx, TxCtx } from "../core/context.js";
import { type LockedApp, lockAppInPipeline } from "../core/locks.js";
import { requireApp } from "../core/references.js";
import { badInput, conflict } from "../core/refusal.js";
import { type OverrideInput, parseOverride } from "../gates/override.js";
import { clearWaiting, lockCleared } from "../promotions/waiting/clear-waiting.js";
import { applyChanges, type KnownVar, UNREADABLE, type VarChange } from "./apply-changes.js";
import { releaseConfig } from "./config-release.js";
import { findKey, openValue, requireAppKey, requireFingerprintKey, toOwner } from "./data-keys.js";
import { checkTotals, parseConfigChanges, type SetConfigVarInput } from "./input.js";
import { refuseWithoutKeys } from "./key-ring.js";
import { fingerprint, seal, sealedLength } from "./sealing.js";

export interface SetConfigInput extends OverrideInput {
  readonly app: string;
  readonly set?: readonly SetConfigVarInput[] | null;
  readonly unset?: readonly string[] | null;
  /** The version that the caller has seen. */
  readonly expectedVersion?: number | null;
}

export interface SetConfigResult {
  readonly app: App;
  /** The release with which the deployer applies the change; null if no release is needed. */
  readonly release: Release | null;
}

/**
 * Changes config vars of an app, in one transaction. A change creates a new version of the app's config. If nothing
 * changes, there is no new version.
 *
 * There is no idempotency key, because its row would contain a hash that makes values guessable. Use `expectedVersion`
 * instead.
 *
 * @throws Refusal CONFLICT if the version is another one, or CONFIG_KEYS cannot encrypt; PROMOTION_BLOCKED if freezes
 *   or windows keep a REPORTED app from being released; FORBIDDEN if the viewer may not use `force`
 */
export async function setConfig(ctx: Ctx, input: SetConfigInput): Promise<SetConfigResult> {
  permit(ctx.viewer, "setConfig");
  const override = parseOverride(ctx.viewer, "forceRelease", input);
  const changes = parseConfigChanges(input.set ?? [], input.unset ?? []);
  if (changes.size === 0) throw badInput("set", "set or unset must name a key.");
  const expectedVersion = input.expectedVersion ?? null;
  return ctx.db.write(async (tx) => {
    await lockCleared(tx, { config: (await requireApp(tx, "app", input.app)).id });
    const locked = await lockAppInPipeline(tx, "app", input.app);
    const { app } = locked;
    if (expectedVersion !== null && expectedVersion !== app.configVersion) {
      throw conflict(
        `expectedVersion is ${expectedVersion}, but the config of ${app.name} is at version ${app.configVersion}. Read it again and repeat the change.`,
      );
    }
    const vars = await tx.find(ConfigVar, { appId: app.id });
    if (ctx.keyRing == null && [...changes.values()].some((change) => change !== null)) throw refuseWithoutKeys();
    const values = await tx.find(ConfigValue, { appId: app.id });
    const made = applyChanges(await readKnown(tx, ctx, vars, values), changes);
    if (made.length === 0) return { app, release: null };
    checkSize(vars, values, made);
    await writeChanges(tx, ctx, locked, vars, values, made);
    const now = ctx.now();
    app.configVersion += 1;
    app.updatedAt = now;
    await tx.update(App, { id: app.id }, { configVersion: app.configVersion, updatedAt: now });
    // If every value stays, there is nothing to deploy.
    const isDeployed = made.some(({ value }) => value !== undefined);
    const { release, events } = isDeployed
      ? await releaseConfig(tx, ctx, locked, override)
      : { release: null, events: [] };
    const keys = made.map(({ key }) => key).sort();
    await append(tx, ctx.viewer, now, [
      configChanged("CONFIG_CHANGED", app, keys, locked.pipeline?.id ?? null),
      ...events,
      ...(await clearWaiting(tx, ctx, { config: app.id })),
    ]);
    return { app, release };
  });
}

/** The current vars with their values. */
async function readKnown(
  tx: Tx,
  { keyRing = null }: TxCtx,
  vars: readonly ConfigVar[],
  values: readonly ConfigValue[],
): Promise<Map<string, KnownVar>> {
  const appKey = values[0] === undefined ? null : await findKey(tx, keyRing, values[0].appId);
  const plain = new Map<string, KnownVar["value"]>(
    values.map((value) => [value.key, appKey === null ? UNREADABLE : openValue(appKey, value)]),
  );
  return new Map(vars.map((one) => [one.key, { ...one, value: plain.get(one.key) ?? null }]));
}

function checkSize(vars: readonly ConfigVar[], values: readonly ConfigValue[], made: readonly VarChange[]): void {
  const keys = new Set(vars.map(({ key }) => key));
  const bytes = new Map(values.map(({ key, sealed }) => [key, sealedLength(sealed)]));
  for (const { key, after, value } of made) {
    if (after === null) keys.delete(key);
    else keys.add(key);
    if (value !== undefined) bytes.set(key, value === null ? 0 : Buffer.byteLength(value));
  }
  const total = [...bytes.values()].reduce((sum, one) => sum + one, 0);
  checkTotals(keys.size, total);
}

async function writeChanges(
  tx: Tx,
  ctx: TxCtx,
  { app, pipeline }: LockedApp,
  vars: readonly ConfigVar[],
  values: readonly ConfigValue[],
  made: readonly VarChange[],
): Promise<void> {
  const sealer = await createSealer(tx, ctx, app, pipeline?.id ?? null, values, made);
  const before = new Map(vars.map((one) => [one.key, one]));
  const stored = new Map(values.map((one) => [one.key, one]));
  const keys = made.map(({ key }) => key);
  const rows: ConfigVar[] = [];
  const sealed: ConfigValue[] = [];
  for (const { key, after, value } of made) {
    if (after === null) continue;
    const old = before.get(key);
    const kept = value === undefined ? stored.get(key) : undefined;
    if (kept !== undefined) sealed.push(kept);
    const fresh = value == null ? null : sealer(key, value);
    if (fresh !== null) sealed.push({ appId: app.id, key, sealed: fresh.sealed });
    rows.push(
      Object.assign(new ConfigVar(), after, {
        appId: app.id,
        key,
        fingerprint: fresh?.fingerprint ?? (kept === undefined ? null : (old?.fingerprint ?? null)),
        updatedAt: ctx.now(),
        ...toActorColumns("updatedBy", ctx.viewer),
      }),
    );
  }
  // Replaced as a whole: two statements instead of two for each key.
  await tx.delete(ConfigValue, { appId: app.id, key: keys });
  await tx.delete(ConfigVar, { appId: app.id, key: keys });
  await tx.insert(ConfigVar, rows);
  await tx.insert(ConfigValue, sealed);
}

type Sealer = (key: string, value: string) => { sealed: string; fingerprint: string };

/** Creates the function that encrypts new values. Reads or creates keys only if there is a value. */
async function createSealer(
  tx: Tx,
  { keyRing = null }: TxCtx,
  app: App,
  pipelineId: string | null,
  values: readonly ConfigValue[],
  made: readonly VarChange[],
): Promise<Sealer> {
  const none: Sealer = () => {
    throw refuseWithoutKeys();
  };
  if (keyRing === null || !made.some(({ value }) => value != null)) return none;
  const replaced = new Set(made.flatMap(({ key, value }) => (value === undefined ? [] : [key])));
  const appKey = await requireAppKey(
    tx,
    keyRing,
    app,
    values.every(({ key }) => replaced.has(key)),
  );
  const fingerprintKey = await requireFingerprintKey(tx, keyRing, appKey, pipelineId);
  return (key, value) => ({
    sealed: seal(appKey, Buffer.from(value), toOwner(app.id, key)),
    fingerprint: fingerprint(fingerprintKey, value),
  });
}
