import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { countApprovals, type Voter } from "../../../../src/domain/gates/approvals/approvers.js";
import { RULE_STRICTNESS, type RuleFields } from "../../../../src/domain/gates/approvals/rule-fields.js";
import { findLoosened } from "../../../../src/domain/gates/strictness.js";
import { line, member, promoteWhenReady, requireApprovals } from "../../../support/data/approvals.js";
import { startServer } from "../../../support/service/server.js";

const server = await startServer({ after });
const RULE = "rule { id name required commentRequired validFor }";

const groups = fc.constantFrom("a", "b", "c");
const approver = fc.record({
  role: fc.constant(null),
  group: groups,
  person: fc.constant(null),
  atLeast: fc.integer({ min: 0, max: 2 }),
});
const rule = fc.record({
  required: fc.integer({ min: 1, max: 3 }),
  approvers: fc.uniqueArray(approver, { minLength: 1, maxLength: 3, selector: ({ group }) => group }),
});
const voter: fc.Arbitrary<Voter> = fc.record({
  identity: fc.constantFrom("ada", "bo", "cy", "dee"),
  role: fc.constant("OPERATOR" as const),
  person: fc.constant(null),
  groups: fc.uniqueArray(groups),
});

describe("counting approvals", () => {
  it("never counts a person twice, nor anybody who is not an approver", () => {
    fc.assert(
      fc.property(rule, fc.array(voter, { maxLength: 8 }), (given, voters) => {
        const { given: count, met, missing } = countApprovals(given, voters);
        const named: ReadonlySet<string | null> = new Set(given.approvers.map(({ group }) => group));
        const people = (isCounted: (voter: Voter) => boolean) =>
          new Set(voters.filter(isCounted).map((one) => one.identity)).size;
        assert.equal(
          count,
          people((one) => one.groups.some((group) => named.has(group))),
        );
        const enough = given.approvers.every(
          ({ group, atLeast }) => people((one) => one.groups.includes(group)) >= atLeast,
        );
        assert.equal(met, count >= given.required && enough);
        assert.equal(missing.length === 0, met);
      }),
    );
  });

  it("is not met by fewer approvals after a change that does not loosen it", () => {
    const fields: Omit<RuleFields, "name" | "required" | "approvers"> = {
      ...{ appIds: null, allowSelfApproval: false, commentRequired: false, validFor: 1 },
    };
    fc.assert(
      fc.property(rule, rule, fc.array(voter, { maxLength: 8 }), (before, after, voters) => {
        const loosened = findLoosened<Omit<RuleFields, "name">>(
          RULE_STRICTNESS,
          { ...fields, ...before },
          { ...fields, ...after },
        );
        fc.pre(loosened.length === 0);
        if (countApprovals(after, voters).met) assert.ok(countApprovals(before, voters).met);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("an approval rule", () => {
  it("can be tightened by an operator, and loosened or deleted by an administrator only", async () => {
    const at = await line(server);
    const { id } = await requireApprovals(server, at, { required: 2, approvers: [{ group: "a" }, { group: "b" }] });
    const operator = await member(server);
    for (const tighter of [
      { required: 3 },
      { commentRequired: true },
      { validFor: "24h" },
      { approvers: [{ group: "a", atLeast: 1 }, { group: "b" }] },
      { approvers: [{ group: "a", atLeast: 1 }] },
      { name: "renamed" },
    ]) {
      await operator.client.mutate("updateApprovalRule", { rule: id, ...tighter }, RULE);
    }
    for (const looser of [
      { required: 1 },
      { commentRequired: false },
      { validFor: "72h" },
      { allowSelfApproval: true },
      { apps: [at.target.id] },
      { approvers: [{ group: "a" }] },
      { approvers: [{ group: "a", atLeast: 1 }, { role: "VIEWER" }] },
      // One field is tightened, the other one loosened.
      { required: 4, validFor: "48h" },
    ]) {
      const error = await operator.client.mutationError("updateApprovalRule", { rule: id, ...looser });
      assert.equal(error.extensions.code, "FORBIDDEN", JSON.stringify(looser));
      await server.admin.mutate("updateApprovalRule", { rule: id }, RULE);
    }
    assert.equal(
      (await operator.client.mutationError("deleteApprovalRule", { rule: id })).extensions.code,
      "FORBIDDEN",
    );
    const changes = await server.admin.ask(
      "{ events(last: 1, types: [APPROVAL_RULE_UPDATED]) { nodes { ... on ChangeEvent { summary } } } }",
    );
    assert.match(changes.events.nodes[0].summary, /name managers → renamed/);
  });

  it("lets a promotion go that waited for it alone, once it is deleted", async () => {
    const at = await line(server);
    const { id: rule } = await requireApprovals(server, at);
    const { id } = await promoteWhenReady((await member(server, { person: "ada" })).client, at);
    await server.admin.mutate("deleteApprovalRule", { rule }, "deletedRuleId");
    await server.admin.mutate("deleteApprovalRule", { rule }, "deletedRuleId");
    const { promotion } = await server.admin.ask("query ($id: ID!) { promotion(id: $id) { phase } }", { id });
    assert.equal(promotion.phase, "SUCCEEDED");
    const late = await server.admin.mutationError("updateApprovalRule", { rule, required: 2 });
    assert.equal(late.extensions.code, "CONFLICT");
  });

  it("is refused if it could never be met, or a field is wrong, and names the field", async () => {
    const at = await line(server);
    await requireApprovals(server, at, { name: "taken" });
    for (const [input, field] of [
      [{ required: 0 }, "required"],
      [{ required: 11 }, "required"],
      [{ stage: "DEVELOPMENT" }, "stage"],
      [{ name: "" }, "name"],
      [{ apps: [] }, "apps"],
      [{ apps: [at.source.id] }, "apps.0"],
      [{ approvers: [] }, "approvers"],
      [{ approvers: [{}] }, "approvers.0"],
      [{ approvers: [{ role: "ADMIN", group: "a" }] }, "approvers.0"],
      [{ approvers: [{ group: "a", atLeast: 2 }] }, "approvers"],
      [{ approvers: [{ group: "a", atLeast: -1 }] }, "approvers.0.atLeast"],
      [{ required: 2, approvers: [{ person: "ada", atLeast: 2 }] }, "approvers.0.atLeast"],
      [{ required: 2, approvers: [{ person: "ada" }] }, "required"],
      [{ validFor: "59s" }, "validFor"],
      [{ validFor: "31d" }, "validFor"],
    ] as const) {
      const given = { pipeline: at.pipeline.id, stage: "PRODUCTION", name: "x", ...input };
      const error = await server.admin.mutationError("createApprovalRule", given);
      assert.deepEqual(error.extensions, { code: "BAD_USER_INPUT", field }, JSON.stringify(input));
    }
    const taken = { pipeline: at.pipeline.id, stage: "PRODUCTION", name: "taken" };
    assert.equal((await server.admin.mutationError("createApprovalRule", taken)).extensions.code, "CONFLICT");
    const { pipeline } = await server.admin.ask(
      "query ($id: ID!) { pipeline(pipeline: $id) { approvalRules { name } } }",
      { id: at.pipeline.id },
    );
    assert.deepEqual(pipeline.approvalRules, [{ name: "taken" }]);
  });
});
