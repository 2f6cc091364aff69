import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { Build } from "../../../../src/entities/builds/build.js";
import { Promotion } from "../../../../src/entities/releases/promotion.js";
import { PromotionTarget } from "../../../../src/entities/releases/promotion-target.js";
import {
  approve,
  line,
  member,
  promoteWhenReady,
  readPhase,
  requireApprovals,
} from "../../../support/data/approvals.js";
import { unique } from "../../../support/data/seed.js";
import { insertApp } from "../../../support/database/rows.js";
import { Clock, HOUR } from "../../../support/service/clock.js";
import { startServer } from "../../../support/service/server.js";

const PROGRESS = `query ($id: ID!) { promotion(id: $id) {
  phase
  blockers { code message remedies overridable cause { __typename id } app { id } }
  approvals { decision comment by { person } voidedAt voidedBecause rule { name } }
  approvalProgress { given required met missing { role group person } viewerMayVote viewerMayNotBecause }
} }`;

const server = await startServer({ after });

describe("a rule that requires approvals", () => {
  it("refuses a promotion that does not wait, and says what clears it", async () => {
    const at = await line(server);
    const rule = await requireApprovals(server, at, { required: 2 });
    const ada = await member(server, { person: "ada" });
    const error = await ada.client.mutationError("promote", { app: at.source.id });
    assert.equal(error.extensions.code, "PROMOTION_BLOCKED");
    const [blocker] = error.extensions.blockers as { code: string; message: string; remedies: string[] }[];
    assert.equal(blocker?.code, "APPROVAL_REQUIRED");
    assert.equal(blocker?.message, `${at.target.name} requires 2 approvals under managers; 0 count.`);
    assert.deepEqual(blocker?.remedies, ["APPROVE", "FORCE"]);
    const waiting = await promoteWhenReady(ada.client, at);
    const { promotion } = await ada.client.ask(PROGRESS, { id: waiting.id });
    assert.deepEqual(promotion.blockers[0].cause, { __typename: "ApprovalRule", id: rule.id });
    assert.equal(promotion.blockers[0].app.id, at.target.id);
    await ada.client.mutate("cancelPromotion", { promotion: waiting.id, reason: "Done" }, "promotion { id }");
  });

  it("lets the promotion go with the approval that meets it, in the same transaction", async () => {
    const at = await line(server);
    await requireApprovals(server, at, { required: 2 });
    const [ada, bo, cy] = await Promise.all(["ada", "bo", "cy"].map((person) => member(server, { person })));
    assert.ok(ada && bo && cy);
    const { id, phase } = await promoteWhenReady(ada.client, at);
    assert.equal(phase, "WAITING");
    const first = await approve(bo.client, id);
    assert.equal(first.promotion.phase, "WAITING");
    const { promotion } = await cy.client.ask(PROGRESS, { id });
    assert.deepEqual(promotion.approvalProgress[0], {
      ...{ given: 1, required: 2, met: false, missing: [{ role: "OPERATOR", group: null, person: null }] },
      ...{ viewerMayVote: true, viewerMayNotBecause: null },
    });
    const last = await approve(cy.client, id);
    assert.equal(last.promotion.phase, "SUCCEEDED");
    assert.deepEqual(last.promotion.targets, [{ phase: "SUCCEEDED", release: { version: 1 } }]);
    const { events } = await server.admin.ask("{ events(last: 6) { nodes { type actor { person } } } }");
    const types = events.nodes.map((event: { type: string }) => event.type);
    assert.ok(types.indexOf("APPROVAL_GIVEN") < types.lastIndexOf("PROMOTION_STARTED"), types.join());
    // The person who asked for it promotes, not the one who approved last.
    const started = events.nodes.find((event: { type: string }) => event.type === "PROMOTION_STARTED");
    assert.equal(started.actor.person, "ada");
  });

  it("counts a person once, with any number of tokens", async () => {
    const at = await line(server);
    await requireApprovals(server, at, { required: 2 });
    const ada = await member(server, { person: "ada" });
    const { id } = await promoteWhenReady(ada.client, at);
    const [bo, alsoBo] = [await member(server, { person: "bo" }), await member(server, { person: "bo" })];
    const first = await approve(bo.client, id);
    const again = await approve(alsoBo.client, id);
    assert.deepEqual(again.approvals, first.approvals);
    assert.equal(again.promotion.phase, "WAITING");
    await ada.client.mutate("cancelPromotion", { promotion: id, reason: "Done" }, "promotion { id }");
  });

  it("does not count who promoted or who registered the build, unless it allows that", async () => {
    const at = await line(server);
    const rule = await requireApprovals(server, at);
    const ada = await member(server, { person: "ada" });
    const ci = await member(server, { person: "ci" });
    const build = await ci.client.mutate(
      "createBuild",
      { repository: "acme/shop", commit: { sha: "9fceb02" }, artifact: "registry.test/shop:1" },
      "build { id }",
    );
    await at.seed.release(at.source, build.build);
    const { id } = await promoteWhenReady(ada.client, at);
    for (const [who, word] of [
      [ada, /person who promoted/],
      [ci, /person who registered the build/],
      [await member(server, { person: "ada", role: "ADMIN" }), /person who promoted/],
    ] as const) {
      const error = await who.client.mutationError("approvePromotion", { promotion: id });
      assert.equal(error.extensions.code, "FORBIDDEN");
      assert.match(error.message, word);
    }
    await server.app.database.write((tx) => tx.update(Build, { id: build.build.id }, { registeredBy: null }));
    const bo = await member(server, { person: "bo" });
    const error = await bo.client.mutationError("approvePromotion", { promotion: id });
    assert.match(error.message, /it is unknown who that is/);
    await server.admin.mutate("updateApprovalRule", { rule: rule.id, allowSelfApproval: true }, "rule { id }");
    assert.equal((await approve(ada.client, id)).promotion.phase, "SUCCEEDED");
  });

  it("asks for approvals of each kind of approver that it names", async () => {
    const at = await line(server);
    await requireApprovals(server, at, {
      required: 2,
      approvers: [{ group: "security", atLeast: 1 }, { group: "managers" }, { person: "dee" }],
    });
    const ada = await member(server, { person: "ada" });
    const { id } = await promoteWhenReady(ada.client, at);
    const outsider = await member(server, { person: "eve", role: "ADMIN", groups: ["sales"] });
    assert.equal(
      (await outsider.client.mutationError("approvePromotion", { promotion: id })).extensions.code,
      "FORBIDDEN",
    );
    await approve((await member(server, { person: "bo", role: "VIEWER", groups: ["managers"] })).client, id);
    await approve((await member(server, { person: "dee", role: "VIEWER" })).client, id);
    const { promotion } = await server.admin.ask(PROGRESS, { id });
    assert.deepEqual(promotion.approvalProgress[0].missing, [{ role: null, group: "security", person: null }]);
    assert.equal(promotion.approvalProgress[0].given, 2);
    const cy = await member(server, { person: "cy", role: "VIEWER", groups: ["security"] });
    assert.equal((await approve(cy.client, id)).promotion.phase, "SUCCEEDED");
  });

  it("counts a person in every rule that they belong to, with one vote", async () => {
    const at = await line(server);
    await requireApprovals(server, at);
    await requireApprovals(server, at, { name: "security", approvers: [{ group: "security" }] });
    await requireApprovals(server, at, { name: "auditors", approvers: [{ group: "auditors" }] });
    const { id } = await promoteWhenReady((await member(server, { person: "ada" })).client, at);
    const bo = await member(server, { person: "bo", groups: ["security"] });
    const first = await approve(bo.client, id);
    assert.equal(first.approvals.length, 2);
    assert.equal(first.promotion.phase, "WAITING");
    const { promotion } = await server.admin.ask(PROGRESS, { id });
    const progress = promotion.approvalProgress.map((one: { met: boolean }) => one.met);
    assert.deepEqual(progress, [true, true, false]);
    const cy = await member(server, { person: "cy", role: "VIEWER", groups: ["auditors"] });
    const last = await approve(cy.client, id);
    assert.deepEqual([last.approvals.length, last.promotion.phase], [1, "SUCCEEDED"]);
  });

  it("covers only the apps that it names", async () => {
    const at = await line(server);
    const other = await at.seed.coupled(at.pipeline, "PRODUCTION");
    await requireApprovals(server, at, { apps: [other.name] });
    const { promotion } = await server.admin.mutate(
      "promote",
      { app: at.source.id, targets: [at.target.id] },
      "promotion { phase }",
    );
    assert.equal(promotion.phase, "SUCCEEDED");
    const error = await server.admin.mutationError("promote", { app: at.source.id });
    const blockers = error.extensions.blockers as { app: { id: string } }[];
    assert.deepEqual(
      blockers.map(({ app }) => app.id),
      [other.id],
    );
  });

  it("blocks a release straight onto an app, but for an administrator with a reason", async () => {
    const at = await line(server);
    await requireApprovals(server, at);
    const build = await at.seed.build();
    const operator = await member(server);
    const input = { app: at.target.id, build: build.id };
    const error = await operator.client.mutationError("createRelease", input);
    assert.equal(error.extensions.code, "PROMOTION_BLOCKED");
    assert.match(error.message, /which only a promotion can have/);
    const forced = { ...input, force: true, reason: "an incident" };
    assert.equal((await operator.client.mutationError("createRelease", forced)).extensions.code, "FORBIDDEN");
    await server.admin.mutate("createRelease", forced, "release { id }");
  });
});

describe("a vote", () => {
  it("that rejects ends the promotion for good", async () => {
    const at = await line(server);
    await requireApprovals(server, at);
    const ada = await member(server, { person: "ada" });
    const { id } = await promoteWhenReady(ada.client, at);
    const bo = await member(server, { person: "bo" });
    const input = { promotion: id, comment: "The migration is not ready" };
    const rejected = await bo.client.mutate(
      "rejectPromotion",
      input,
      "promotion { phase endReason endedBy { person } } approvals { id decision }",
    );
    assert.deepEqual(rejected.promotion, {
      ...{ phase: "REJECTED", endReason: "The migration is not ready", endedBy: { person: "bo" } },
    });
    const again = await bo.client.mutate("rejectPromotion", input, "approvals { id decision }");
    assert.deepEqual(again.approvals, rejected.approvals);
    const cy = await member(server, { person: "cy" });
    assert.equal((await cy.client.mutationError("approvePromotion", { promotion: id })).extensions.code, "CONFLICT");
    assert.equal(await readPhase(server.admin, id), "REJECTED");
  });

  it("can be withdrawn by who gave it while the promotion waits, and not afterwards", async () => {
    const at = await line(server);
    await requireApprovals(server, at, { required: 2 });
    const [ada, bo, cy] = await Promise.all(["ada", "bo", "cy"].map((person) => member(server, { person })));
    assert.ok(ada && bo && cy);
    const { id } = await promoteWhenReady(ada.client, at);
    const { approvals } = await approve(bo.client, id);
    const approval = approvals[0].id;
    assert.equal((await cy.client.mutationError("withdrawApproval", { approval })).extensions.code, "FORBIDDEN");
    const WITHDRAWN = "approval { voidedAt voidedBecause }";
    const withdrawn = await bo.client.mutate("withdrawApproval", { approval }, WITHDRAWN);
    assert.equal(withdrawn.approval.voidedBecause, "WITHDRAWN");
    assert.deepEqual(await bo.client.mutate("withdrawApproval", { approval }, WITHDRAWN), withdrawn);
    assert.equal((await approve(cy.client, id)).promotion.phase, "WAITING");
    const second = await approve(bo.client, id);
    assert.equal(second.promotion.phase, "SUCCEEDED");
    const late = await bo.client.mutationError("withdrawApproval", { approval: second.approvals[0].id });
    assert.equal(late.extensions.code, "CONFLICT");
  });

  it("needs a comment if the rule says so", async () => {
    const at = await line(server);
    await requireApprovals(server, at, { commentRequired: true });
    const { id } = await promoteWhenReady((await member(server, { person: "ada" })).client, at);
    const bo = await member(server, { person: "bo" });
    for (const comment of [undefined, null, "", "  "]) {
      const error = await bo.client.mutationError("approvePromotion", { promotion: id, comment });
      assert.deepEqual(error.extensions, { code: "BAD_USER_INPUT", field: "comment" });
    }
    assert.equal((await approve(bo.client, id, { comment: "Tested" })).promotion.phase, "SUCCEEDED");
  });

  it("counts no more once it is void: the rule, the token, a check, or time", async (t) => {
    const clock = new Clock();
    const server = await startServer(t, { now: clock.now });
    const at = await line(server, ["ci/build", "qa"]);
    const rule = await requireApprovals(server, at, { required: 2, validFor: "2h" });
    const report = (context: string, state: string) =>
      server.admin.mutate("reportStatus", { release: at.release.id, context, state }, "status { id }");
    await report("ci/build", "SUCCESS");
    await report("qa", "PENDING");
    const ada = await member(server, { person: "ada" });
    const { id } = await promoteWhenReady(ada.client, at);
    const reasons = async () => {
      const { promotion } = await server.admin.ask(PROGRESS, { id });
      return promotion.approvals.map((one: { voidedBecause: string | null }) => one.voidedBecause);
    };

    const bo = await member(server, { person: "bo" });
    await approve(bo.client, id);
    // It was not SUCCESS when it was approved, so it does not matter that it fails.
    await report("qa", "FAILURE");
    assert.deepEqual(await reasons(), [null]);
    await report("ci/build", "FAILURE");
    assert.deepEqual(await reasons(), ["CHECK_FAILED"]);

    await report("ci/build", "SUCCESS");
    await approve(bo.client, id);
    await server.admin.mutate("revokeToken", { token: bo.token }, "token { id }");
    assert.deepEqual(await reasons(), ["CHECK_FAILED", "CREDENTIAL_REVOKED"]);

    const cy = await member(server, { person: "cy" });
    await approve(cy.client, id);
    const approvers = [{ group: "managers" }];
    await server.admin.mutate("updateApprovalRule", { rule: rule.id, approvers }, "rule { id }");
    assert.deepEqual((await reasons()).at(-1), "RULE_CHANGED");

    const dee = await member(server, { person: "dee", groups: ["managers"] });
    await approve(dee.client, id);
    clock.advance(2 * HOUR);
    const { promotion } = await server.admin.ask(PROGRESS, { id });
    assert.equal(promotion.approvalProgress[0].given, 0);
    await server.app.tick();
    assert.deepEqual((await reasons()).at(-1), "EXPIRED");
    const { events } = await server.admin.ask(
      "{ events(last: 50, types: [APPROVAL_VOIDED]) { nodes { ... on ApprovalEvent { voidedBecause rule { name } } } } }",
    );
    assert.deepEqual(
      events.nodes.map((event: { voidedBecause: string }) => event.voidedBecause),
      ["CHECK_FAILED", "CREDENTIAL_REVOKED", "RULE_CHANGED", "EXPIRED"],
    );
  });
});

describe("what waits for approvals", () => {
  it("is listed for those who may give one, and shows each viewer what they may do", async () => {
    const group = unique("managers");
    const at = await line(server);
    await requireApprovals(server, at, { required: 2, approvers: [{ group }] });
    const ada = await member(server, { person: "ada", groups: [group] });
    const bo = await member(server, { person: "bo", groups: [group] });
    const eve = await member(server, { person: "eve" });
    const { id } = await promoteWhenReady(ada.client, at);
    const waiting = async ({ client }: typeof bo) => {
      const { awaitingMyApproval } = await client.ask("{ awaitingMyApproval { totalCount nodes { id } } }");
      return [awaitingMyApproval.totalCount, awaitingMyApproval.nodes.map((one: { id: string }) => one.id)];
    };
    assert.deepEqual(await waiting(bo), [1, [id]]);
    assert.deepEqual(await waiting(ada), [0, []]);
    assert.deepEqual(await waiting(eve), [0, []]);
    // Twice, so that the second time it might come from the cache, and would be somebody else's answer.
    for (const _ of [1, 2]) {
      const [mine, hers] = [await bo.client.ask(PROGRESS, { id }), await eve.client.ask(PROGRESS, { id })];
      assert.equal(mine.promotion.approvalProgress[0].viewerMayVote, true);
      assert.equal(hers.promotion.approvalProgress[0].viewerMayVote, false);
      assert.match(
        hers.promotion.approvalProgress[0].viewerMayNotBecause,
        /approvers of managers are: group managers-/,
      );
    }
    await approve(bo.client, id);
    assert.deepEqual(await waiting(bo), [0, []]);
    const { pipeline } = await eve.client.ask(
      `query ($id: ID!) { pipeline(pipeline: $id) { approvalRules(stage: PRODUCTION) { name required } staging: approvalRules(stage: STAGING) { id } } }`,
      { id: at.pipeline.id },
    );
    assert.deepEqual(pipeline, { approvalRules: [{ name: "managers", required: 2 }], staging: [] });
  });

  it("is listed completely, however many wait that the viewer may not approve", async (t) => {
    const server = await startServer(t);
    const group = unique("managers");
    const [mine, hers] = [await line(server), await line(server)];
    for (const at of [mine, hers]) await requireApprovals(server, at, { approvers: [{ group }] });
    const ada = await member(server, { person: "ada", groups: [group] });
    const bo = await member(server, { person: "bo", groups: [group] });
    const own = await promoteWhenReady(bo.client, mine);
    const first = await promoteWhenReady(ada.client, hers);
    const copies = [...Array<string>(1100).fill(own.id), first.id, first.id];
    const ids = copies.map((id, index) => id.replace(/^.{8}/, (index + 1).toString(16).padStart(8, "0")));
    await server.app.database.write(async (tx) => {
      const promotions = await tx.find(Promotion, { id: [own.id, first.id] });
      const targets = await tx.find(PromotionTarget, { promotionId: [own.id, first.id] });
      const last = Math.max(...promotions.map(({ position }) => position));
      const copy = <T extends object>(of: T | undefined, index: number, changed: object) =>
        Object.assign(Object.create(Object.getPrototypeOf(of)), of, { id: ids[index], ...changed }) as T;
      const ofPromotion = (id: string) => targets.find(({ promotionId }) => promotionId === id);
      await tx.insert(
        Promotion,
        copies.map((id, index) =>
          copy(
            promotions.find((one) => one.id === id),
            index,
            { position: last + 1 + index },
          ),
        ),
      );
      // An app has one waiting promotion.
      for (const [index, id] of ids.entries()) await insertApp(tx, `copy-${index}`, id);
      await tx.insert(
        PromotionTarget,
        copies.map((id, index) => {
          const changed = { promotionId: ids[index], appId: ids[index], position: last + 1 + index };
          return copy(ofPromotion(id), index, changed);
        }),
      );
    });
    const page = async (args: string) => {
      const { awaitingMyApproval } = await bo.client.ask(
        `{ awaitingMyApproval(${args}) { nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`,
      );
      const { nodes, pageInfo } = awaitingMyApproval;
      const { hasNextPage: next, hasPreviousPage: previous, startCursor, endCursor } = pageInfo;
      return { ids: nodes.map(({ id }: { id: string }) => id), next, previous, startCursor, endCursor };
    };
    const short = await page("first: 2");
    assert.deepEqual([short.ids, short.next, short.previous], [[first.id], true, false]);
    const rest = await page(`first: 2, after: "${short.endCursor}"`);
    assert.deepEqual([rest.ids, rest.next, rest.previous], [ids.slice(1100), false, true]);
    const back = await page("last: 1");
    assert.deepEqual([back.ids, back.previous, back.next], [ids.slice(1101), true, false]);
    const empty = await page(`last: 2, before: "${rest.startCursor}"`);
    assert.deepEqual([empty.ids, empty.previous, empty.next], [[], true, true]);
    const start = await page(`last: 2, before: "${empty.startCursor}"`);
    assert.deepEqual([start.ids, start.previous, start.next], [[first.id], false, true]);
    const { awaitingMyApproval: all } = await bo.client.ask("{ awaitingMyApproval { totalCount } }");
    assert.equal(all.totalCount, 3);
  });
});
