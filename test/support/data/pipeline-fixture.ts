import { randomBytes } from "node:crypto";
import { newId } from "../../../src/domain/core/values/id.js";
import { nextPosition } from "../../../src/domain/core/values/position.js";
import { GithubDelivery } from "../../../src/entities/github/github-delivery.js";
import { GithubReport } from "../../../src/entities/github/github-report.js";
import { Webhook } from "../../../src/entities/webhooks/webhook.js";
import { WebhookDelivery } from "../../../src/entities/webhooks/webhook-delivery.js";
import { Client } from "../clients/client.js";
import { dumpRows } from "../database/database-content.js";
import type { TestServer } from "../service/server.js";
import { type Named, Seed, unique } from "./seed.js";

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** A pipeline with one of every related object. All of their texts contain the mark. */
export interface PipelineFixture {
  readonly mark: string;
  readonly admin: Client;
  readonly repository: string;
  readonly pipeline: Named;
  readonly dev: Named & { couplingId: string };
  readonly stg: Named & { couplingId: string };
  readonly prod: Named & { couplingId: string };
  readonly review: Named;
  /** An app in no pipeline. */
  readonly free: Named;
  readonly build: string;
  readonly pending: string;
  readonly release: string;
  /** A release in progress. */
  readonly deploying: string;
  readonly status: string;
  /** A status reported on the build. */
  readonly buildStatus: string;
  readonly promotion: string;
  readonly target: string;
  /** A promotion that waits for approvals, the rule that requires two of them, and the one that was given. */
  readonly waiting: string;
  readonly rule: string;
  readonly approval: string;
  readonly token: string;
  /** A window and a freeze of the pipeline, which begin later. */
  readonly window: string;
  readonly freeze: string;
  /** A paused webhook for the pipeline's events, and one of its deliveries. */
  readonly webhook: string;
  readonly webhookDelivery: string;
}

/** Returns all ids in a database. */
export async function findIdsInDatabase(server: TestServer): Promise<Set<string>> {
  return new Set((await dumpRows(server)).join("\n").match(UUID) ?? []);
}

/** Returns the ids in a text. */
export function findIds(text: string): string[] {
  return text.match(UUID) ?? [];
}

/** Returns the ids that a piece of work adds to a database. */
export async function recordCreatedIds(server: TestServer, work: () => Promise<unknown>): Promise<string[]> {
  const before = await findIdsInDatabase(server);
  await work();
  return [...(await findIdsInDatabase(server))].filter((id) => !before.has(id));
}

/** Creates a fixture as an administrator whose name contains the mark. */
export async function createPipelineFixture(server: TestServer, mark: string): Promise<PipelineFixture> {
  const { secret, token } = await server.admin.mutate(
    "createToken",
    { name: `${mark}-admin`, role: "ADMIN" },
    "secret token { id }",
  );
  const admin = new Client(server.url, secret);
  const seed = new Seed(admin);
  const repository = `github.com/${mark}/shop`;
  const branch = `${mark}-main`;
  const pipeline = await seed.pipeline({
    name: unique(mark),
    description: `${mark} description`,
    repository,
    branch,
    reviewAppsEnabled: true,
  });
  const app = async (stage: string | null, mode: string, requiredChecks?: string[]) => {
    const description = `${mark} app`;
    const one = await seed.app({ name: unique(mark), description, region: `${mark}-region`, deploymentMode: mode });
    if (stage === null) return { ...one, couplingId: "" };
    const input = { pipeline: pipeline.id, app: one.id, stage, ...(requiredChecks && { requiredChecks }) };
    return { ...one, couplingId: (await admin.mutate("addCoupling", input, "coupling { id }")).coupling.id };
  };
  const dev = await app("DEVELOPMENT", "IMMEDIATE");
  const stg = await app("STAGING", "REPORTED");
  const prod = await app("PRODUCTION", "REPORTED", [`${mark}/qa`]);
  const free = await app(null, "IMMEDIATE");
  await admin.mutate("updatePipeline", { pipeline: pipeline.id, description: `${mark} described` }, "__typename");
  const build = await createBuild(admin, mark);
  const pending = await createBuild(admin, mark, { phase: "PENDING", artifact: null, checksum: null });
  const reported = { name: `${mark} says`, description: `${mark} said`, targetUrl: `https://${mark}.test/run` };
  const buildStatus = await reportStatus(admin, { build, context: `${mark}/ci`, state: "SUCCESS", ...reported });
  const { app: now } = await admin.ask("query ($id: ID!) { app(app: $id) { currentRelease { id } } }", { id: dev.id });
  const release = now.currentRelease.id;
  const status = await reportStatus(admin, { release, context: `${mark}/qa`, state: "PENDING", ...reported });
  const one = "promotion { id targets { id release { id } } }";
  const { promotion: failed } = await admin.mutate("promote", { app: dev.id, reason: `${mark} first` }, one);
  await admin.mutate(
    "reportDeployment",
    { release: failed.targets[0].release.id, phase: "FAILED", failureReason: `${mark} failed` },
    "__typename",
  );
  const { promotion } = await admin.mutate("promote", { app: dev.id, reason: `${mark} again` }, one);
  const onStaging = promotion.targets[0].release.id;
  await admin.mutate("reportDeployment", { release: onStaging, phase: "SUCCEEDED" }, "__typename");
  const forced = { app: stg.id, force: true, reason: `${mark} forces` };
  const { promotion: last } = await admin.mutate("promote", forced, one);
  const pullRequest = { branch: `${mark}-change`, title: `${mark} title`, author: `${mark} author` };
  const opened = async (number: number) => {
    const input = { pipeline: pipeline.id, pullRequest: { ...pullRequest, number, url: `https://${mark}.test/pr` } };
    return (await admin.mutate("openReviewApp", input, "reviewApp { app { id name } }")).reviewApp.app as Named;
  };
  const review = await opened(1);
  const closed = await opened(2);
  await seed.release(closed, { id: build });
  await admin.mutate("closeReviewApp", { pipeline: pipeline.id, pullRequestNumber: 2 }, "__typename");
  const webhook = createWebhookRow(pipeline.id, mark);
  const webhookDelivery = createWebhookDelivery(webhook.id, mark);
  const required = { pipeline: pipeline.id, stage: "PRODUCTION", name: `${mark} rule`, required: 2 };
  const { rule } = await admin.mutate("createApprovalRule", required, "rule { id }");
  const asked = { app: stg.id, whenReady: true, reason: `${mark} asks` };
  const { promotion: waiting } = await admin.mutate("promote", asked, "promotion { id }");
  const approved = { promotion: waiting.id, comment: `${mark} comment` };
  const { approvals } = await server.admin.mutate("approvePromotion", approved, "approvals { id }");
  await server.app.database.write(async (tx) => {
    await tx.insert(Webhook, [webhook]);
    await tx.insert(WebhookDelivery, [webhookDelivery]);
    await tx.insert(GithubReport, [createGithubReport(release, dev.id, mark)]);
    await tx.insert(GithubDelivery, [createDelivery(await nextPosition(tx, "webhook_deliveries"), repository, mark)]);
  });
  const gates = await createGates(admin, mark, pipeline, { app: dev.id, build });
  // Gates wake what waits: afterwards nothing is due any more.
  await server.app.tick();
  return {
    ...{
      mark,
      admin,
      repository,
      pipeline,
      dev,
      stg,
      prod,
      review,
      free,
      build,
      pending,
      release,
      status,
      buildStatus,
    },
    ...{ promotion: promotion.id, target: promotion.targets[0].id, token: token.id },
    ...{ webhook: webhook.id, webhookDelivery: webhookDelivery.id },
    deploying: last.targets[0].release.id,
    ...gates,
    ...{ waiting: waiting.id, rule: rule.id, approval: approvals[0].id },
  };
}

/** Creates a window and a freeze, with exemptions, that hold nothing back yet. */
async function createGates(admin: Client, mark: string, pipeline: Named, exempted: { app: string; build: string }) {
  const scope = { pipelines: [pipeline.id] };
  const { window } = await admin.mutate(
    "createDeploymentWindow",
    {
      ...{ name: unique(mark), kind: "DENY", timeZone: "UTC", startDate: "2999-01-01", startTime: "09:00" },
      ...{ endTime: "17:00", message: `${mark} message`, scope },
    },
    "window { id }",
  );
  const startsAt = new Date(Date.now() + 100 * 86_400_000).toISOString();
  const { freeze } = await admin.mutate(
    "startFreeze",
    { reason: `${mark} freeze`, incidentUrl: `https://${mark}.test/incident`, startsAt, untilLifted: true, scope },
    "freeze { id }",
  );
  for (const name of ["app", "build"] as const) {
    const input = { freeze: freeze.id, [name]: exempted[name], reason: `${mark} exempts`, expiresAt: startsAt };
    await admin.mutate("exemptFromFreeze", input, "__typename");
  }
  return { window: window.id as string, freeze: freeze.id as string };
}

/** Creates a build of the fixture's repository. */
export async function createBuild(client: Client, mark: string, input: object = {}): Promise<string> {
  const commit = { sha: randomBytes(20).toString("hex"), message: `${mark} message`, author: `${mark} author` };
  const given = {
    repository: `github.com/${mark}/shop`,
    branch: `${mark}-main`,
    commit: { ...commit, url: `https://${mark}.test/commit` },
    artifact: `${mark}.test/image`,
    checksum: `sha256:${mark}`,
    ...input,
  };
  return (await client.mutate("createBuild", given, "build { id }")).build.id;
}

export async function reportStatus(client: Client, input: object): Promise<string> {
  return (await client.mutate("reportStatus", input, "status { id }")).status.id;
}

/** Creates a row with the GitHub deployment state of a release. */
export function createGithubReport(releaseId: string, appId: string, mark: string): GithubReport {
  return Object.assign(new GithubReport(), {
    ...{
      releaseId,
      appId,
      position: 1,
      phase: "FAILED",
      deploymentId: `${mark}-deployment`,
      lastReportedState: "SUCCESS",
    },
    ...{
      uncertain: false,
      attempts: 1,
      failureReason: `${mark} problem`,
      nextAttemptAt: new Date(),
      updatedAt: new Date(),
    },
  });
}

/** Creates a row with a webhook delivery from GitHub. */
function createDelivery(position: number, repository: string, mark: string): GithubDelivery {
  return Object.assign(new GithubDelivery(), {
    ...{ id: `${mark}-delivery`, position, event: "status", action: null, repository, repositoryId: null },
    ...{ outcome: "IGNORED", message: `${mark} message`, attempts: 1, receivedAt: new Date(), processedAt: new Date() },
    ...{ pendingUntil: null, payload: null, appliedTo: null, subject: null, subjectAt: null },
  });
}

/** Creates a row with a paused webhook for the events of a pipeline. It sends nothing. */
function createWebhookRow(pipelineId: string, mark: string): Webhook {
  return Object.assign(new Webhook(), {
    ...{ id: newId(), name: `${mark}-hook`, url: `https://${mark}.test/hook`, format: "RAILYARD", types: null },
    ...{ pipelineIds: [pipelineId], appId: null, ordered: true, state: "PAUSED", position: 0 },
    ...{ secret: `whsec_${mark}`, previousSecret: null, previousSecretUntil: null, authorizationHeader: null },
    ...{ tokenId: null, role: "ADMIN", failures: 1, failingSince: null, retriesAt: null, problem: `${mark} problem` },
    ...{ leaseOwner: null, leaseUntil: null, createdAt: new Date(), updatedAt: new Date() },
  });
}

function createWebhookDelivery(webhookId: string, mark: string): WebhookDelivery {
  return Object.assign(new WebhookDelivery(), {
    ...{ id: newId(), webhookId, eventPosition: 1, attempt: 1, sentAt: new Date(), duration: 1, statusCode: 500 },
    ...{ responseStart: `${mark} says`, problem: `${mark} problem`, nextAttemptAt: null },
  });
}

/** Creates a token with a role, restricted to pipelines, and returns a client with it. */
export async function createScopedToken(
  server: TestServer,
  role: string,
  pipelines: readonly Named[],
): Promise<Client> {
  const input = { name: `a limited ${role}`, role, pipelines: pipelines.map(({ id }) => id) };
  const { secret } = await server.admin.mutate("createToken", input, "secret");
  return new Client(server.url, secret);
}
