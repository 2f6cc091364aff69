import DataLoader from "dataloader";
import sql from "sql-template-tag";
import { columns, type RowOf } from "../../database/rows/raw-rows.js";
import type { Reader } from "../../database/rows/reader.js";
import type { Tx } from "../../database/rows/tx.js";
import type { ConfigVar } from "../../entities/config-vars/config-var.js";
import { App } from "../../entities/pipelines/app.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import { append } from "../../events/append.js";
import { configChanged } from "../../events/draft.js";
import { isPermitted } from "../access/actions.js";
import type { Ctx, TxCtx } from "../core/context.js";
import { openValue } from "./data-keys.js";
import { refuseMissingKey } from "./key-ring.js";

/**
 * Whether the values of secrets may be read. Events of subscriptions never contain them, for two reasons: an event is
 * rendered once for several subscribers, so a read could not be attributed to one of them; and each read would append
 * an event, which would be rendered again.
 */
function mayReadSecrets({ viewer, showsSecrets = true }: TxCtx): boolean {
  return showsSecrets && viewer.tokenId !== null && isPermitted(viewer, "readConfig");
}

/** Loads the values of config vars for one operation; null for those that the viewer may not read. */
export class ConfigValueLoader {
  readonly #loader: DataLoader<ConfigVar, string | null, string>;

  constructor(ctx: Ctx) {
    this.#loader = new DataLoader<ConfigVar, string | null, string>((vars) => readValues(ctx, vars), {
      cacheKeyFn: ({ appId, key }) => `${appId} ${key}`,
    });
  }

  load(one: ConfigVar): Promise<string | null> {
    return this.#loader.load(one);
  }
}

/**
 * Reads values. The values of secrets are returned only after a CONFIG_READ event for each app has recorded that the
 * viewer reads them.
 *
 * @param vars as the viewer sees them
 * @returns values aligned with `vars`: null for a secret that the viewer may not read, and for a var that is gone
 * @throws Refusal CONFLICT if a key of CONFIG_KEYS is missing
 */
export async function readValues(ctx: Ctx, vars: readonly ConfigVar[]): Promise<(string | null)[]> {
  const mayRead = mayReadSecrets(ctx);
  const wanted = vars.filter((one) => !one.secret || mayRead);
  if (wanted.length === 0) return vars.map(() => null);
  const values = wanted.some((one) => one.secret)
    ? await ctx.db.write((tx) => readOnRecord(tx, ctx, wanted))
    : decrypt(
        ctx,
        (await findSealed(ctx.db.reader, wanted)).filter((one) => one.secret === 0),
      );
  return vars.map((one) => values.get(toId(one.appId, one.key)) ?? null);
}

/** Reads values that include secrets, and appends the CONFIG_READ events. */
async function readOnRecord(tx: Tx, ctx: TxCtx, vars: readonly ConfigVar[]): Promise<ReadonlyMap<string, string>> {
  const sealed = await findSealed(tx.scoped, vars);
  const values = decrypt(ctx, sealed);
  const secrets = sealed.filter((one) => one.secret === 1);
  const appIds = [...new Set(secrets.map((one) => one.app_id))];
  const apps = await tx.find(App, { id: appIds }, { order: "id" });
  const pipelines = new Map((await tx.find(Coupling, { appId: appIds })).map((one) => [one.appId, one.pipelineId]));
  const events = apps.map((app) => {
    const keys = secrets.filter((one) => one.app_id === app.id).map((one) => one.key);
    return configChanged("CONFIG_READ", app, keys.sort(), pipelines.get(app.id) ?? null);
  });
  await append(tx, ctx.viewer, ctx.now(), events);
  return values;
}

const SEALED = columns({
  app_id: "text",
  app_name: "text",
  key: "text",
  sealed: "text",
  secret: "integer",
  wrapped_by: "text",
  wrapped: "text",
});

type Sealed = RowOf<typeof SEALED>;

/** One statement, so that a value and its `secret` flag are from the same time: a var may become secret meanwhile. */
async function findSealed(reader: Reader, vars: readonly ConfigVar[]): Promise<Sealed[]> {
  const wanted = new Set(vars.map((one) => toId(one.appId, one.key)));
  const { oneOf } = reader.dialect;
  const rows = await reader.query(
    "sealed_config_values",
    SEALED,
    sql`SELECT v.app_id, a.name AS app_name, v.key, v.sealed, CASE WHEN c.secret THEN 1 ELSE 0 END AS secret,
        k.wrapped_by, k.wrapped
      FROM config_values v JOIN config_vars c ON c.app_id = v.app_id AND c.key = v.key
      JOIN config_keys k ON k.subject_id = v.app_id JOIN apps a ON a.id = v.app_id
      WHERE ${oneOf(sql`v.app_id`, [...new Set(vars.map((one) => one.appId))])}
        AND ${oneOf(sql`v.key`, [...new Set(vars.map((one) => one.key))])}`,
  );
  return rows.filter((row) => wanted.has(toId(row.app_id, row.key)));
}

/** The values by app and key. */
function decrypt({ keyRing = null }: TxCtx, rows: readonly Sealed[]): Map<string, string> {
  const keys = new Map<string, Buffer>();
  return new Map(
    rows.map(({ app_id: appId, app_name: name, key, sealed, wrapped_by: wrappedBy, wrapped }) => {
      const appKey = keys.get(appId) ?? keyRing?.unwrap({ subjectId: appId, kind: "APP", wrappedBy, wrapped }) ?? null;
      if (appKey === null) throw refuseMissingKey(name, wrappedBy);
      keys.set(appId, appKey);
      return [toId(appId, key), openValue(appKey, { appId, key, sealed })];
    }),
  );
}

function toId(appId: string, key: string): string {
  return `${appId} ${key}`;
}
