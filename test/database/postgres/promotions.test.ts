import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Client } from "../../support/client.js";
import { pickOne, pickSome, readLog, startInstances } from "../../support/instances.js";
import { Seed } from "../../support/seed.js";
import { onlyOn } from "../../support/server.js";

const TARGETS =
  "promotion { id release { id } targets { app { name } checks { context state passed } release { version } } }";
const CONTEXTS = ["ci", "qa"];

describe("concurrent promotions through two instances", onlyOn("postgres"), () => {
  it("are each justified by the log, despite concurrent changes of statuses and checks", async (t) => {
    const clients = (await startInstances(t, 2)).map((instance) => instance.admin);
    const [first] = clients as [Client];
    const seed = new Seed(first);
    const pipeline = await seed.pipeline();
    const source = await seed.coupled(pipeline, "DEVELOPMENT", { autoDeploy: false });
    const release = await seed.release(source);
    const targets: Awaited<ReturnType<typeof seed.coupled>>[] = [];
    for (let index = 0; index < 8; index += 1) {
      targets.push(await seed.coupled(pipeline, "STAGING", { requiredChecks: index % 2 === 0 ? CONTEXTS : [] }));
    }
    for (const context of CONTEXTS) {
      await first.mutate("reportStatus", { release: release.id, context, state: "SUCCESS" }, "status { id }");
    }

    let promoting = true;
    const whilePromoting = async (step: () => Promise<unknown>) => {
      while (promoting) await step();
    };
    const disturbances = [
      whilePromoting(() => {
        const state = pickOne(["SUCCESS", "SUCCESS", "SUCCESS", "FAILURE"]);
        return pickOne(clients).mutate(
          "reportStatus",
          { release: release.id, context: pickOne(CONTEXTS), state },
          "status { id }",
        );
      }),
      whilePromoting(() => {
        const requiredChecks = pickOne([[], ["ci"], ["qa"], CONTEXTS]);
        return pickOne(clients).mutate(
          "updateChecks",
          { coupling: pickOne(targets).couplingId, requiredChecks },
          "coupling { id }",
        );
      }),
    ];
    const answers = await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const named = pickSome(targets).map((target) => target.name);
        const input = { app: source.name, targets: named };
        const promote = `mutation ($input: PromoteInput!) { promote(input: $input) { ${TARGETS} } }`;
        return (clients[index % 2] as Client).post<PromoteAnswer>(promote, { input });
      }),
    );
    promoting = false;
    await Promise.all(disturbances);

    const codes = answers.flatMap((answer) => answer.errors?.map((error) => error.extensions.code) ?? []);
    assert.deepEqual(
      [...new Set(codes)].filter((code) => code !== "PROMOTION_BLOCKED"),
      [],
    );
    const admitted = answers.flatMap((answer) => answer.data?.promote?.promotion ?? []);
    assert.equal(admitted.length + codes.length, 60);
    assert.ok(admitted.length > 0, "some were admitted");

    // Replays the log: each app's required checks and each release's statuses at the time of each promotion.
    const required = new Map(targets.map((target, index) => [target.name, index % 2 === 0 ? CONTEXTS : []]));
    const states = new Map<string, string>();
    const byId = new Map(admitted.map((promotion) => [promotion.id, promotion]));
    for (const event of (await readLog(first)).events) {
      if (event.type === "RELEASE_STATUS_REPORTED") states.set(event.context as string, event.state as string);
      if (event.type === "COUPLING_CHECKS_UPDATED") {
        const changes = event.summary?.split(": ")[1]?.split(" ") ?? [];
        const list = new Set(required.get(event.subjectName as string));
        for (const change of changes) list[change.startsWith("+") ? "add" : "delete"](change.slice(1));
        required.set(event.subjectName as string, [...list].sort());
      }
      if (event.type !== "PROMOTION_STARTED") continue;
      const promotion = byId.get(event.promotion?.id ?? "");
      assert.ok(promotion, "every promotion in the log was acknowledged");
      byId.delete(promotion.id);
      for (const { app, checks } of promotion.targets) {
        const expected = required.get(app.name)?.map((context) => {
          const state = states.get(context);
          return { context, state, passed: state === "SUCCESS" };
        });
        assert.deepEqual(checks, expected);
        assert.ok(
          checks.every((check) => check.passed),
          "all required checks were SUCCESS",
        );
      }
    }
    assert.equal(byId.size, 0, "every acknowledged promotion is in the log");

    for (const { name } of targets) {
      const versions = admitted
        .flatMap((promotion) => promotion.targets)
        .filter((target) => target.app.name === name)
        .map((target) => target.release.version)
        .sort((a, b) => a - b);
      assert.deepEqual(
        versions,
        versions.map((_, index) => index + 1),
      );
    }
  });

  it("finish once if their last two targets are reported at the same time", async (t) => {
    const clients = (await startInstances(t, 2)).map((instance) => instance.admin) as [Client, Client];
    const seed = new Seed(clients[0]);
    for (let round = 0; round < 10; round += 1) {
      const pipeline = await seed.pipeline();
      const source = await seed.coupled(pipeline, "DEVELOPMENT");
      await seed.release(source);
      for (let index = 0; index < 2; index += 1)
        await seed.coupled(pipeline, "STAGING", { deploymentMode: "REPORTED" });
      const selection = "promotion { id phase targets { release { id } } }";
      const { promotion } = await clients[0].mutate("promote", { app: source.name }, selection);
      assert.equal(promotion.phase, "IN_PROGRESS");
      await Promise.all(
        clients.map((client, index) => {
          const release = promotion.targets[index].release.id;
          return client.mutate("reportDeployment", { release, phase: "SUCCEEDED" }, "release { id }");
        }),
      );
      const after = await clients[1].ask("query ($id: ID!) { promotion(id: $id) { phase } }", { id: promotion.id });
      assert.equal(after.promotion.phase, "SUCCEEDED");
      const { events } = await readLog(clients[1]);
      const finished = events.filter(
        ({ type, promotion: of }) => type === "PROMOTION_FINISHED" && of?.id === promotion.id,
      );
      assert.equal(finished.length, 1);
    }
  });
});

interface PromoteAnswer {
  readonly promote: {
    readonly promotion: {
      readonly id: string;
      readonly targets: readonly {
        readonly app: { readonly name: string };
        readonly checks: readonly { readonly context: string; readonly state: string; readonly passed: boolean }[];
        readonly release: { readonly version: number };
      }[];
    };
  };
}
