import { hash as hashOnce, randomBytes, timingSafeEqual } from "node:crypto";
import type { Reader } from "../../database/rows/reader.js";
import type { Tx } from "../../database/rows/tx.js";
import { Token } from "../../entities/access/token.js";
import type { Role } from "../../entities/core/enums.js";
import { append } from "../../events/append.js";
import { changed } from "../../events/draft.js";
import type { Ctx, TxCtx } from "../core/context.js";
import { LIMITS, optional, parseId, parseLine } from "../core/input.js";
import { requirePipeline } from "../core/references.js";
import { badInput, notFound } from "../core/refusal.js";
import { newId } from "../core/values/id.js";
import { nextPosition } from "../core/values/position.js";
import { lockOfToken, voidOfToken } from "../gates/approvals/voiding.js";
import { clearWaiting } from "../promotions/waiting/clear-waiting.js";
import { permit } from "./actions.js";
import { isValid } from "./credentials.js";

export interface CreateTokenInput {
  readonly name: string;
  readonly role: Role;
  readonly expiresAt?: Date | null;
  /** The pipelines to restrict it to, by id or name; null or undefined for all, including future ones. */
  readonly pipelines?: readonly string[] | null;
  /** The person that the token stands for. */
  readonly person?: string | null;
  /** The groups that the token belongs to; none if null or undefined. */
  readonly groups?: readonly string[] | null;
  /** Whether it may read secret config vars, for a deployer. */
  readonly readConfig?: boolean | null;
}

/** Creates a token. The secret is returned only here; only its hash is stored. */
export async function createToken(ctx: Ctx, input: CreateTokenInput): Promise<{ token: Token; secret: string }> {
  permit(ctx.viewer, "createToken");
  const name = parseLine("name", input.name);
  const expiresAt = input.expiresAt ?? null;
  if (expiresAt !== null && expiresAt <= ctx.now()) throw badInput("expiresAt", "expiresAt must be in the future.");
  const pipelines = input.pipelines ?? null;
  if (pipelines?.length === 0) {
    throw badInput("pipelines", "pipelines must name a pipeline, or be left out for a token that is not limited.");
  }
  if (pipelines !== null && pipelines.length > LIMITS.pipelinesOfToken) {
    const most = LIMITS.pipelinesOfToken;
    throw badInput("pipelines", `pipelines must name at most ${most} pipelines; it has ${pipelines.length}.`);
  }
  const person = optional(input.person, (value) => parseLine("person", value));
  const groups = parseGroups(input.groups ?? []);
  const secret = newSecret();
  const token = await ctx.db.write(async (tx) => {
    const names = pipelines === null ? null : await findPipelineNames(tx, pipelines);
    const scope = names && [...names.keys()].sort();
    const readConfig = input.readConfig ?? false;
    const fields = { name, role: input.role, readConfig, expiresAt, scope, person, groups, bootstrap: false };
    const made = await insertToken(tx, ctx, fields, secret);
    const standsFor = person === null ? "" : `, for ${person}`;
    const reads = readConfig ? ", may read config" : "";
    const only = names === null ? "" : `, for ${[...names.values()].sort().join(", ")} only`;
    await append(tx, ctx.viewer, ctx.now(), [
      changed("TOKEN_CREATED", made, `Token ${name} created: ${input.role}${standsFor}${only}${reads}`),
    ]);
    return made;
  });
  return { token, secret };
}

function parseGroups(groups: readonly string[]): string[] {
  if (groups.length > LIMITS.groupsOfToken) {
    throw badInput("groups", `groups must name at most ${LIMITS.groupsOfToken} groups; it has ${groups.length}.`);
  }
  return [...new Set(groups.map((group, index) => parseLine(`groups.${index}`, group)))].sort();
}

/** Finds the referenced pipelines, and returns their names by id. */
async function findPipelineNames(tx: Tx, references: readonly string[]): Promise<Map<string, string>> {
  const pipelines = new Map<string, string>();
  for (const [index, reference] of references.entries()) {
    const { id, name } = await requirePipeline(tx, `pipelines.${index}`, reference);
    pipelines.set(id, name);
  }
  return pipelines;
}

/** Revokes a token immediately and permanently. Revoking it again changes nothing. */
export async function revokeToken(ctx: Ctx, input: { readonly token: string }): Promise<Token> {
  permit(ctx.viewer, "revokeToken");
  return ctx.db.write(async (tx) => {
    const id = parseId("token", input.token);
    await lockOfToken(tx, id);
    const token = await tx.first(Token, { id }, { lock: "change" });
    if (token === null) throw notFound("token", `token ${input.token}`);
    if (token.revokedAt !== null) return token;
    await revoke(tx, ctx, token);
    return token;
  });
}

/**
 * The token of a secret; null if it is unknown, revoked or expired. The row is found by the hash of the secret, and
 * hashes are compared in constant time.
 */
export async function authenticate(reader: Reader, secret: string, now: Date): Promise<Token | null> {
  const secretHash = hash(secret);
  const token = await reader.first(Token, { secretHash });
  if (token === null || !timingSafeEqual(Buffer.from(token.secretHash), Buffer.from(secretHash))) return null;
  return isValid(token, now) ? token : null;
}

/** Which of the tokens have ended, and how. */
export async function findEndedTokens(
  reader: Reader,
  ids: readonly string[],
  now: Date,
): Promise<Map<string, "revoked" | "expired">> {
  const tokens = await reader.find(Token, { id: ids });
  const ended = tokens.filter((token) => !isValid(token, now));
  return new Map(ended.map((token) => [token.id, token.revokedAt === null ? "expired" : "revoked"]));
}

/**
 * Makes sure that an administrator can log in. A secret from the settings replaces the previous one. Without such a
 * secret, a token is created if there are no tokens yet.
 *
 * @returns the secret that was created, which is shown only once, or null
 */
export async function bootstrapAdmin(ctx: Ctx, secret: string | null): Promise<string | null> {
  return ctx.db.write(async (tx) => {
    // If several instances start together, the first creates it.
    await tx.lockName("the administrator's token");
    if (secret === null) {
      if ((await tx.count(Token, {})) > 0) return null;
      const made = newSecret();
      await bootstrap(tx, ctx, made);
      return made;
    }
    const known = await tx.first(Token, { secretHash: hash(secret) });
    if (known !== null && !isValid(known, ctx.now())) throw new RevokedAdminToken();
    for (const earlier of await tx.find(Token, { bootstrap: true, revokedAt: null })) {
      if (earlier.id === known?.id) continue;
      await lockOfToken(tx, earlier.id);
      await revoke(tx, ctx, earlier);
    }
    if (known === null) await bootstrap(tx, ctx, secret);
    return null;
  });
}

/** The secret in the settings was revoked. Accepting it would undo that. */
export class RevokedAdminToken extends Error {
  override readonly name = "RevokedAdminToken";
}

async function bootstrap(tx: Tx, ctx: TxCtx, secret: string): Promise<void> {
  const token = await insertToken(
    tx,
    ctx,
    {
      name: "admin",
      role: "ADMIN",
      readConfig: false,
      expiresAt: null,
      scope: null,
      person: null,
      groups: [],
      bootstrap: true,
    },
    secret,
  );
  await append(tx, ctx.viewer, ctx.now(), [changed("TOKEN_CREATED", token, "Token admin created: ADMIN")]);
}

async function insertToken(
  tx: Tx,
  ctx: TxCtx,
  fields: Pick<Token, "name" | "role" | "readConfig" | "expiresAt" | "scope" | "person" | "groups" | "bootstrap">,
  secret: string,
): Promise<Token> {
  const token = Object.assign(new Token(), {
    ...fields,
    id: newId(),
    position: await nextPosition(tx, "tokens"),
    secretHash: hash(secret),
    createdAt: ctx.now(),
    lastUsedAt: null,
    revokedAt: null,
  });
  await tx.insert(Token, [token]);
  return token;
}

async function revoke(tx: Tx, ctx: TxCtx, token: Token): Promise<void> {
  token.revokedAt = ctx.now();
  await tx.update(Token, { id: token.id }, { revokedAt: token.revokedAt });
  await append(tx, ctx.viewer, token.revokedAt, [
    changed("TOKEN_REVOKED", token, `Token ${token.name} revoked`),
    ...(await clearWaiting(tx, ctx, { token: token.id })),
    ...(await voidOfToken(tx, ctx, token.id)),
  ]);
}

/** 256 random bits. The prefix lets secret scanners recognize it. */
function newSecret(): string {
  return `railyard_${randomBytes(32).toString("base64url")}`;
}

/** The SHA-256 of a secret, in hexadecimal. Only this is stored. */
export function hash(secret: string): string {
  return hashOnce("sha256", secret, "hex");
}
