import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Client } from "../../support/clients/client.js";
import { Socket } from "../../support/clients/socket.js";
import { Seed } from "../../support/data/seed.js";
import { FaultyReads } from "../../support/database/faulty-reads.js";
import { pickOne, pickSome, readLog, startInstances } from "../../support/service/instances.js";
import { ADMIN_SECRET, onlyOn, startServer } from "../../support/service/server.js";

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

describe("a promotion to two apps", onlyOn("postgres"), () => {
  it("is seen whole or not at all by a query and by the event of a subscription that read one app after the other", async (t) => {
    const reads = new FaultyReads();
    const { admin, url } = await startServer(t, { wrap: reads.wrap });
    const seed = new Seed(admin);
    const pipeline = await seed.pipeline();
    const source = await seed.coupled(pipeline, "DEVELOPMENT", { autoDeploy: false });
    const [one, other] = [await seed.coupled(pipeline, "STAGING"), await seed.coupled(pipeline, "STAGING")];
    const promote = async () => {
      await seed.release(source);
      await admin.mutate("promote", { app: source.name }, "promotion { id }");
    };
    await promote();
    /** Promotes between the first and the second statement that reads current releases. */
    const promoteInBetween = () => {
      let count = 0;
      reads.before = async (text) => {
        if (!text.includes("current_releases")) return;
        count += 1;
        if (count === 2) await promote();
      };
    };
    const fields = `app(app: "${one.name}") { currentRelease { version } }
      pipeline(pipeline: "${pipeline.name}") { stages { couplings { app { name currentRelease { version } } } } }`;
    promoteInBetween();
    const seen = await admin.ask(`{ ${fields} }`);
    const couplings = seen.pipeline.stages.flatMap((stage: { couplings: unknown[] }) => stage.couplings);
    const deeper = couplings.find(({ app }: { app: { name: string } }) => app.name === other.name);
    assert.deepEqual([seen.app.currentRelease.version, deeper.app.currentRelease.version], [1, 1]);
    const { apps } = await admin.ask("{ apps(first: 10) { nodes { name currentRelease { version } } } }");
    const current = apps.nodes.find(({ name }: { name: string }) => name === one.name);
    assert.equal(current.currentRelease.version, 2, "the next query sees it");

    const socket = await Socket.open(t, url, ADMIN_SECRET);
    const watch =
      socket.run(`subscription { events(app: "${one.name}", types: [RELEASE_CREATED]) { ... on ReleaseEvent { release {
      app { currentRelease { version } coupling { pipeline { stages { couplings { app { name currentRelease { version } } } } } } }
    } } } }`);
    await socket.run("{ viewer { name } }").take(1);
    promoteInBetween();
    await seed.release(one);
    const [{ release }] = await watch.take(1);
    const { stages } = release.app.coupling.pipeline;
    const around = stages.flatMap((stage: { couplings: unknown[] }) => stage.couplings);
    const beside = around.find(({ app }: { app: { name: string } }) => app.name === other.name);
    assert.deepEqual([release.app.currentRelease.version, beside.app.currentRelease.version], [3, 2]);
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
