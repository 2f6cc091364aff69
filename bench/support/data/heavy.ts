import type { Connection } from "../client.js";
import { pipelineName } from "./sizes.js";

/* The largest data that the service accepts around one pipeline, created through the API. */

/** The maximum number of apps of a pipeline. */
const APPS = 500;
const WINDOWS = 100;
const FREEZES = 100;
const LONG_BUILDS = 100;
/** Root fields of one mutation. */
const BATCH = 30;
const TIME_ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"];
const RECURRENCES = [null, "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "FREQ=MONTHLY;BYDAY=-1SU"];

export const WIDE = "wide";

/**
 * Creates a pipeline with 500 apps, 499 of them in STAGING, under 100 windows and 100 freezes; builds with messages of
 * 8,000 characters; and a promotion that waits for an approval in each of the first pipelines.
 */
export async function addHeavyData(connection: Connection, pipelines: number): Promise<void> {
  const send = (field: string, type: string, inputs: readonly object[], selection: string) =>
    sendAll(connection, field, type, inputs, selection);
  await send("createPipeline", "CreatePipelineInput", [{ name: WIDE }], "pipeline { id }");
  const apps = Array.from({ length: APPS }, (_, index) => `wide-${index}`);
  await send(
    "createApp",
    "CreateAppInput",
    apps.map((name) => ({ name })),
    "app { id }",
  );
  const couplings = apps.map((app, index) => ({ pipeline: WIDE, app, stage: index === 0 ? "DEVELOPMENT" : "STAGING" }));
  await send("addCoupling", "AddCouplingInput", couplings, "coupling { id }");
  const builds = Array.from({ length: LONG_BUILDS }, (_, index) => ({
    repository: "github.com/acme/wide",
    branch: "main",
    commit: { sha: index.toString(16).padStart(40, "0"), message: "x".repeat(8000), author: "kim" },
    artifact: `registry.acme.dev/wide:${index}`,
  }));
  const created = await send("createBuild", "CreateBuildInput", builds, "build { id }");
  await send("createRelease", "CreateReleaseInput", [{ app: apps[0], build: created[0]?.build?.id }], "release { id }");
  const rules = Array.from({ length: pipelines }, (_, index) => ({
    pipeline: pipelineName(index),
    stage: "STAGING",
    name: "managers",
    required: 2,
  }));
  await send("createApprovalRule", "CreateApprovalRuleInput", rules, "rule { id }");
  const promotions = Array.from({ length: pipelines }, (_, index) => ({
    app: `${pipelineName(index)}-app-0`,
    whenReady: true,
  }));
  await send("promote", "PromoteInput", promotions, "promotion { id }");
  const windows = Array.from({ length: WINDOWS }, (_, index) => ({
    name: `window-${index}`,
    kind: index % 2 === 0 ? "ALLOW" : "DENY",
    timeZone: TIME_ZONES[index % TIME_ZONES.length],
    recurrence: RECURRENCES[index % RECURRENCES.length],
    startTime: `0${index % 10}:30`,
    endTime: `1${index % 10}:15`,
    scope: { apps: index % 4 === 0 ? [apps[index]] : [] },
  }));
  await send("createDeploymentWindow", "CreateDeploymentWindowInput", windows, "window { id }");
  const freezes = Array.from({ length: FREEZES }, (_, index) => ({
    reason: `Reason ${index}`,
    scope: { apps: index % 4 === 0 ? [apps[index]] : [] },
  }));
  await send("startFreeze", "StartFreezeInput", freezes, "freeze { id }");
}

async function sendAll(
  connection: Connection,
  field: string,
  type: string,
  inputs: readonly object[],
  selection: string,
): Promise<{ readonly build?: { readonly id: string } }[]> {
  const results: { readonly build?: { readonly id: string } }[] = [];
  const batch = field === "createBuild" ? 6 : BATCH;
  for (let start = 0; start < inputs.length; start += batch) {
    const part = inputs.slice(start, start + batch);
    const fields = part.map((_, index) => `m${index}: ${field}(input: $i${index}) { ${selection} }`);
    const variables = Object.fromEntries(part.map((input, index) => [`i${index}`, input]));
    const declared = part.map((_, index) => `$i${index}: ${type}!`);
    const data = await connection.query(`mutation (${declared.join(", ")}) { ${fields.join("\n")} }`, variables);
    results.push(...Object.values<{ readonly build?: { readonly id: string } }>(data));
  }
  return results;
}
