import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Client } from "../../support/clients/client.js";
import { Seed } from "../../support/data/seed.js";
import { startServer } from "../../support/service/server.js";

const ACTOR = "{ name role subject person }";

describe("a token that stands for a person", () => {
  it("is recorded with that person in everything that it does", async (t) => {
    const { admin, url } = await startServer(t);
    const input = { name: "ada's laptop", role: "ADMIN", person: "ada@example.com", groups: ["qa", "managers", "qa"] };
    const { token, secret } = await admin.mutate("createToken", input, "secret token { id person groups }");
    assert.equal(token.person, "ada@example.com");
    assert.deepEqual(token.groups, ["managers", "qa"]);
    const ada = new Client(url, secret);
    const { viewer } = await ada.ask("{ viewer { person groups } }");
    assert.deepEqual(viewer, { person: "ada@example.com", groups: ["managers", "qa"] });

    const seed = new Seed(ada);
    const pipeline = await seed.pipeline();
    const source = await seed.coupled(pipeline, "STAGING");
    await seed.coupled(pipeline, "PRODUCTION");
    const release = await seed.release(source);
    const status = { release: release.id, context: "qa", state: "SUCCESS" };
    const { promotion } = await ada.mutate(
      "promote",
      { app: source.id },
      `promotion { createdBy ${ACTOR} targets { release { createdBy ${ACTOR} } } }`,
    );
    const reported = await ada.mutate("reportStatus", status, `status { reportedBy ${ACTOR} }`);
    const { events } = await ada.ask(`{ events(last: 50) { nodes { type actor ${ACTOR} } } }`);
    const expected = { name: "ada's laptop", role: "ADMIN", subject: token.id, person: "ada@example.com" };
    assert.deepEqual(promotion.createdBy, expected);
    assert.deepEqual(promotion.targets[0].release.createdBy, expected);
    assert.deepEqual(reported.status.reportedBy, expected);
    const started = events.nodes.find(({ type }: { type: string }) => type === "PROMOTION_STARTED");
    assert.deepEqual(started.actor, expected);
  });

  it("needs no person and no groups", async (t) => {
    const { admin } = await startServer(t);
    const { token } = await admin.mutate("createToken", { name: "ci", role: "REPORTER" }, "token { id person groups }");
    assert.deepEqual([token.person, token.groups], [null, []]);
    const { events } = await admin.ask(`{ events(last: 1) { nodes { actor ${ACTOR} } } }`);
    assert.equal(events.nodes[0].actor.person, null);
    assert.match(events.nodes[0].actor.subject, /^[0-9a-f-]{36}$/);
  });

  it("is refused with a person or a group that is no line of text, and with too many groups", async (t) => {
    const { admin } = await startServer(t);
    const many = Array.from({ length: 101 }, (_, index) => `g${index}`);
    for (const [input, field] of [
      [{ person: "" }, "person"],
      [{ person: "two\nlines" }, "person"],
      [{ groups: ["qa", " "] }, "groups.1"],
      [{ groups: many }, "groups"],
    ] as const) {
      const refusal = await admin.mutationError("createToken", { name: "x", role: "VIEWER", ...input });
      assert.deepEqual(refusal.extensions, { code: "BAD_USER_INPUT", field });
    }
  });
});
