import { Client } from "../clients/client.js";
import type { TestServer } from "../service/server.js";
import { type Named, Seed, type SeededRelease } from "./seed.js";

/** Somebody with a token. */
export interface Member {
  readonly client: Client;
  readonly token: string;
  readonly secret: string;
}

/** Creates a token that stands for a person. */
export async function member(
  { admin, url }: Pick<TestServer, "admin" | "url">,
  input: { person?: string; role?: string; groups?: string[]; pipelines?: string[] } = {},
): Promise<Member> {
  const given = { name: input.person ?? "a service", role: "OPERATOR", ...input };
  const { token, secret } = await admin.mutate("createToken", given, "secret token { id }");
  return { client: new Client(url, secret), token: token.id, secret };
}

/** A pipeline with an app in STAGING that runs a build, and one in PRODUCTION. */
export interface Line {
  readonly seed: Seed;
  readonly pipeline: Named;
  readonly source: Named & { readonly couplingId: string };
  readonly target: Named & { readonly couplingId: string };
  readonly release: SeededRelease;
}

export async function line({ admin }: Pick<TestServer, "admin">, requiredChecks: string[] = []): Promise<Line> {
  const seed = new Seed(admin);
  const pipeline = await seed.pipeline();
  const source = await seed.coupled(pipeline, "STAGING");
  const target = await seed.coupled(pipeline, "PRODUCTION", { requiredChecks });
  return { seed, pipeline, source, target, release: await seed.release(source) };
}

/** Requires approvals in PRODUCTION. */
export async function requireApprovals({ admin }: Pick<TestServer, "admin">, { pipeline }: Line, input: object = {}) {
  const given = { pipeline: pipeline.id, stage: "PRODUCTION", name: "managers", ...input };
  return (await admin.mutate("createApprovalRule", given, "rule { id name }")).rule as Named;
}

export interface Waiting {
  readonly id: string;
  readonly phase: string;
}

/** Promotes from STAGING, and waits for what can be cleared. */
export async function promoteWhenReady(client: Client, { source }: Line): Promise<Waiting> {
  const input = { app: source.id, whenReady: true };
  return (await client.mutate("promote", input, "promotion { id phase }")).promotion;
}

export function approve(client: Client, promotion: string, input: object = {}) {
  return client.mutate(
    "approvePromotion",
    { promotion, ...input },
    "promotion { id phase targets { phase release { version } } } approvals { id }",
  );
}

export async function readPhase(client: Client, id: string): Promise<string> {
  return (await client.ask("query ($id: ID!) { promotion(id: $id) { phase } }", { id })).promotion.phase;
}
