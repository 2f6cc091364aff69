import type { Story } from "./story.js";

const REGIONS = [
  ["payments-canary", "eu-west-1", 1],
  ["payments-eu", "eu-central-1", 2],
  ["payments-us", "us-east-1", 2],
  ["payments-ap", "ap-southeast-1", 3],
  ["payments-sa", "sa-east-1", 3],
] as const;

/** The promotions of `createRollout`, by their ids. */
export interface Rollouts {
  readonly inWaves: string;
  readonly done: string;
}

/**
 * A pipeline with waves in production: one promotion is done, the next is in its second wave. A build is quarantined.
 */
export async function createRollout(story: Story): Promise<Rollouts> {
  const { client } = story;
  await story.pipeline("payments", { description: "Cards, wallets and refunds" });
  await story.app("payments", "payments-dev", "DEVELOPMENT");
  await story.app("payments", "payments-qa", "STAGING", { checks: ["ci/build"] });
  for (const [name, region, wave] of REGIONS) {
    const app = { checks: ["ci/build"], deploymentMode: "REPORTED", region };
    const coupling = await story.app("payments", name, "PRODUCTION", app);
    if (wave > 1) await client.mutate("setWave", { coupling, wave }, "coupling { id }");
    const verification = { checks: ["slo/errors", "slo/latency"], within: "30m", onFailure: "ROLL_BACK" };
    await client.mutate("setVerification", { coupling, verification }, "coupling { id }");
  }
  const policy = { maxParallel: 2, manualWaves: [2, 3] };
  await client.mutate(
    "updateStagePolicy",
    { pipeline: "payments", stage: "PRODUCTION", ...policy },
    "policy { stage }",
  );
  const builds: string[] = [];
  for (let n = 0; n < 4; n += 1) builds.push(await story.build("payments", n + 1));
  for (const build of builds) {
    await story.status(build, "ci/build", "SUCCESS", "208 tests");
    await story.release("payments-dev", build);
  }
  const [first = "", second = "", third = "", fourth = ""] = builds;
  await story.release("payments-qa", first);
  const done = await promote(story);
  while ((await finishNext(story, done)) !== null);
  await story.release("payments-qa", second);
  await client.mutate(
    "quarantineBuild",
    { build: third, fromStage: "STAGING", reason: "Refunds are booked twice" },
    "build { id }",
  );
  const inWaves = await promote(story);
  await finishNext(story, inWaves);
  await finishNext(story, inWaves, ["slo/errors"]);
  await story.release("payments-dev", fourth);
  return { inWaves, done };
}

async function promote({ client }: Story): Promise<string> {
  return (await client.mutate("promote", { app: "payments-qa" }, "promotion { id }")).promotion.id;
}

interface Target {
  readonly phase: string;
  readonly release: { readonly id: string } | null;
}

/**
 * Lets one target of a promotion succeed. Begins the next wave if none is deploying.
 *
 * @param checks the checks to report as SUCCESS; with both, the release is verified
 * @returns null if all are done
 */
async function finishNext(
  story: Story,
  promotion: string,
  checks = ["slo/errors", "slo/latency"],
): Promise<string | null> {
  const read = async (): Promise<readonly Target[]> => {
    const result = await story.client.ask(
      "query ($id: ID!) { promotion(id: $id) { targets { phase release { id } } } }",
      { id: promotion },
    );
    return result.promotion.targets;
  };
  const isDeploying = ({ phase }: Target) => phase === "DEPLOYING" || phase === "QUEUED";
  let targets = await read();
  if (targets.every(({ phase }) => phase === "SUCCEEDED")) return null;
  if (!targets.some(isDeploying)) {
    await story.client.mutate("advancePromotion", { promotion }, "promotion { id }");
    targets = await read();
  }
  const release = targets.find(isDeploying)?.release?.id;
  if (release === undefined) throw new Error(`No target of ${promotion} deploys: ${JSON.stringify(targets)}`);
  await story.report(release, "SUCCEEDED");
  for (const context of checks) {
    await story.client.mutate("reportStatus", { release, context, state: "SUCCESS" }, "status { id }");
  }
  return release;
}
