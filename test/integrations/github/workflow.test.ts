import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Client } from "../../support/clients/client.js";
import { newestCursor } from "../../support/clients/event-log.js";
import { type Operation, Socket } from "../../support/clients/socket.js";
import {
  checkRun,
  deliverWebhook,
  type Payload,
  pullRequest,
  status,
  withGithub,
} from "../../support/network/github-webhooks.js";
import type { Cleanup } from "../../support/service/server.js";

const EVENTS = `subscription ($after: EventCursor) { events(after: $after) {
  cursor
  type
  actor { name }
  ... on ChangeEvent { summary }
  ... on ReleaseEvent { releasePhase release { version description app { name } } }
  ... on ReleaseStatusEvent { context state release { app { name } } }
  ... on PromotionEvent { promotionPhase targetPhase target { app { name } } promotion { source { name } to } }
} }`;

/** A subscriber's events in order, as one line each. */
class Story {
  readonly #client: Client;
  readonly #operation: Operation;
  readonly #names = new Map<string, string>();
  #read = 0;

  private constructor(client: Client, operation: Operation) {
    this.#client = client;
    this.#operation = operation;
  }

  /** Subscribes to events from now on. */
  static async begin(t: Cleanup, client: Client): Promise<Story> {
    const socket = await Socket.open(t, client.url, client.secret);
    return new Story(client, socket.run(EVENTS, { after: await newestCursor(client) }));
  }

  /** Replaces a commit's hash by a name in the lines. */
  name(sha: string, name: string): void {
    this.#names.set(sha.slice(0, 7), name);
  }

  /** The lines since the last call, up to the newest event of the log. */
  async next(): Promise<string[]> {
    const newest = await newestCursor(this.#client);
    await this.#operation.until((operation) => operation.events.some(({ cursor }) => cursor === newest));
    const received = this.#operation.events.slice(this.#read);
    this.#read += received.length;
    return received.map((event: Payload) => this.#told(event));
  }

  #told({
    type,
    actor,
    summary,
    release,
    releasePhase,
    context,
    state,
    promotion,
    promotionPhase,
    target,
    targetPhase,
  }: Payload): string {
    const by = actor.name === "railyard" ? " (by itself)" : "";
    if (summary !== undefined) return `${this.#worded(summary)}${by}`;
    if (type === "RELEASE_STATUS_REPORTED") return `${context} of ${release.app.name} is ${state}${by}`;
    if (release !== undefined) {
      return `${release.app.name} v${release.version} ${releasePhase}: ${this.#worded(release.description)}${by}`;
    }
    if (target != null) return `${type} ${target.app.name} ${targetPhase}${by}`;
    return `${type} ${promotion.source.name} to ${promotion.to} ${promotionPhase}${by}`;
  }

  #worded(text: string): string {
    return text.replace(/[0-9a-f]{7}/g, (sha) => this.#names.get(sha) ?? sha);
  }
}

describe("the whole workflow", () => {
  it("leads from a pull request to production, through webhooks and the API alone, with the events of each step", async (t) => {
    const { server, admin, seed, repository } = await withGithub(t);
    const { url } = server;
    const person = await server.as("OPERATOR");
    const ci = await server.as("REPORTER");
    const pipeline = await seed.pipeline({ name: "shop", repository, reviewAppsEnabled: true });
    const app = async (name: string, stage: string, requiredChecks: string[] = [], deploymentMode = "IMMEDIATE") => {
      await person.mutate("createApp", { name, deploymentMode }, "__typename");
      await person.mutate("addCoupling", { pipeline: pipeline.id, app: name, stage, requiredChecks }, "__typename");
    };
    await app("shop-dev", "DEVELOPMENT", ["build"]);
    await app("shop-qa", "STAGING");
    await app("shop-stg", "STAGING", ["build"], "REPORTED");
    await app("shop-prod", "PRODUCTION", ["qa/smoke"]);
    const story = await Story.begin(t, await server.as("VIEWER"));

    const [branchSha, mergeSha] = ["a".repeat(40), "b".repeat(40)];
    story.name(branchSha, "<branch>");
    story.name(mergeSha, "<merge>");
    const build = async (branch: string, sha: string) => {
      const given = { repository, branch, commit: { sha }, artifact: `registry/shop:${sha}` };
      return (await ci.mutate("createBuild", given, "build { id }")).build;
    };

    // A branch and a pull request are created. A review app shows the change.
    await deliverWebhook(
      url,
      "pull_request",
      pullRequest(repository, "opened", { number: 7, head: { ref: "faster", sha: branchSha } }),
    );
    assert.deepEqual(await story.next(), [
      "App shop-pr-7 created (by itself)",
      "shop-pr-7 added to REVIEW of shop (by itself)",
      "Review app shop-pr-7 opened for pull request 7 (by itself)",
    ]);
    await build("faster", branchSha);
    await deliverWebhook(url, "status", status(repository, branchSha, "build", "success"));
    assert.deepEqual(await story.next(), [
      "Build of <branch> registered, SUCCEEDED",
      "shop-pr-7 v1 SUCCEEDED: Deploy of <branch> (by itself)",
      "build of shop-pr-7 is SUCCESS (by itself)",
    ]);

    // The finished change is merged.
    const merged = {
      number: 7,
      state: "closed",
      merged: true,
      updated_at: "2026-01-02T00:00:00Z",
      head: { ref: "faster" },
    };
    await deliverWebhook(url, "pull_request", pullRequest(repository, "closed", merged));
    assert.deepEqual(await story.next(), [
      "Review app shop-pr-7 of pull request 7 closed (by itself)",
      "shop-pr-7 removed from REVIEW of shop (by itself)",
      "App shop-pr-7 deleted (by itself)",
    ]);

    // The main branch deploys automatically to the development stage, once its check has succeeded on GitHub.
    await deliverWebhook(
      url,
      "check_run",
      checkRun(repository, mergeSha, { name: "build", status: "in_progress", started_at: "2026-01-02T00:00:00Z" }),
    );
    await build("main", mergeSha);
    assert.deepEqual(await story.next(), [
      "Build of <merge> registered, SUCCEEDED",
      "build of <merge> is PENDING (by itself)",
    ]);
    const passed = { name: "build", status: "completed", conclusion: "success", completed_at: "2026-01-02T00:01:00Z" };
    await deliverWebhook(url, "check_run", checkRun(repository, mergeSha, passed));
    assert.deepEqual(await story.next(), [
      "build of <merge> is SUCCESS (by itself)",
      "shop-dev v1 SUCCEEDED: Deploy of <merge> (by itself)",
    ]);

    // It is promoted to the staging apps.
    const promote = async (pipelineStage: string) =>
      (
        await person.mutate(
          "promote",
          { pipeline: "shop", stage: pipelineStage },
          "promotion { id targets { app { name } release { id } } }",
        )
      ).promotion;
    const staging = await promote("DEVELOPMENT");
    const waiting = staging.targets.find((target: Payload) => target.app.name === "shop-stg").release;
    await ci.mutate("reportDeployment", { release: waiting.id, phase: "SUCCEEDED" }, "__typename");
    assert.deepEqual(await story.next(), [
      "PROMOTION_STARTED shop-dev to STAGING IN_PROGRESS",
      "shop-qa v1 SUCCEEDED: Promotion from shop-dev",
      "PROMOTION_TARGET_CHANGED shop-qa SUCCEEDED",
      "shop-stg v1 DEPLOYING: Promotion from shop-dev",
      "PROMOTION_TARGET_CHANGED shop-stg DEPLOYING",
      "shop-stg v1 SUCCEEDED: Promotion from shop-dev",
      "PROMOTION_TARGET_CHANGED shop-stg SUCCEEDED",
      "PROMOTION_FINISHED shop-dev to STAGING SUCCEEDED",
    ]);

    // And then to production, gated by the smoke test, whose status follows the build.
    const held = await person.mutationError("promote", { pipeline: "shop", stage: "STAGING" });
    assert.equal(held.extensions.code, "PROMOTION_BLOCKED");
    assert.deepEqual(await story.next(), []);
    await deliverWebhook(url, "status", status(repository, mergeSha, "qa/smoke", "success"));
    await promote("STAGING");
    assert.deepEqual(await story.next(), [
      "qa/smoke of shop-dev is SUCCESS (by itself)",
      "qa/smoke of shop-qa is SUCCESS (by itself)",
      "qa/smoke of shop-stg is SUCCESS (by itself)",
      "PROMOTION_STARTED shop-qa to PRODUCTION IN_PROGRESS",
      "shop-prod v1 SUCCEEDED: Promotion from shop-qa",
      "PROMOTION_TARGET_CHANGED shop-prod SUCCEEDED",
      "PROMOTION_FINISHED shop-qa to PRODUCTION SUCCEEDED",
    ]);
    const { app: production } = await admin.ask(
      '{ app(app: "shop-prod") { currentRelease { build { artifact commit { sha } } } } }',
    );
    assert.deepEqual(production.currentRelease.build, {
      artifact: `registry/shop:${mergeSha}`,
      commit: { sha: mergeSha },
    });
  });
});
