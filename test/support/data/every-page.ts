import type { Page } from "playwright-core";
import type { TestServer } from "../service/server.js";
import { line, member, promoteWhenReady, requireApprovals } from "./approvals.js";
import { createFleet } from "./rollouts.js";
import { type Named, Seed, unique } from "./seed.js";

/** A name full of markup, which every page shows as text. */
export const MARKUP = '<img src="x" onerror="window.hacked = true"><b>bold</b> & "quoted"';

const DAY_MS = 86_400_000;

/** A page of the service, and a text that it shows once it is loaded. */
export interface PageUnderTest {
  readonly path: string;
  readonly text: string;
}

export interface EveryPage {
  readonly pages: readonly PageUnderTest[];
  /** The token of a person with the role ADMIN whose vote is wanted. */
  readonly secret: string;
  /** A pipeline with an app on each of three stages, the last of which deploys. */
  readonly pipeline: Named;
  readonly dev: Named;
  readonly live: Named;
  /** The promotion in that pipeline that is in progress. */
  readonly promotion: string;
  /** A promotion that waits for an approval and a check. */
  readonly waiting: string;
}

/** Fills a server, so that every page has something to show: approvals, freezes, and promotions that wait among it. */
export async function fillEveryPage(server: TestServer): Promise<EveryPage> {
  const seed = new Seed(server.admin);
  const pipeline = await seed.pipeline({ description: MARKUP });
  const dev = await seed.coupled(pipeline, "DEVELOPMENT", { autoDeploy: false });
  const qa = await seed.coupled(pipeline, "STAGING");
  const live = await seed.coupled(pipeline, "PRODUCTION", { deploymentMode: "REPORTED", requiredChecks: ["ci/build"] });
  for (const message of ["A first change", MARKUP]) {
    const build = await seed.build({ commit: { sha: unique("").slice(1).padEnd(40, "0"), message, author: MARKUP } });
    const status = { build: build.id, context: "ci/build", state: "SUCCESS", description: MARKUP };
    await server.admin.mutate("reportStatus", status, "status { id }");
    await seed.release(dev, build);
  }
  await server.admin.mutate("promote", { app: dev.id }, "promotion { id }");
  const started = await server.admin.mutate("promote", { app: qa.id }, "promotion { id }");

  const group = unique("managers");
  const viewer = await member(server, { person: unique("bo"), role: "ADMIN", groups: [group] });
  const held = await line(server, ["qa/smoke"]);
  await requireApprovals(server, held, { approvers: [{ group }], required: 2 });
  const waiting = await promoteWhenReady(server.admin, held);
  const colleague = await member(server, { person: unique("cy"), groups: [group] });
  await colleague.client.mutate("approvePromotion", { promotion: waiting.id, comment: MARKUP }, "promotion { id }");
  await server.admin.mutate(
    "startFreeze",
    { reason: `Incident ${MARKUP}`, scope: { pipelines: [held.pipeline.id] }, endsAt: new Date(Date.now() + DAY_MS) },
    "freeze { id }",
  );
  const window = {
    name: unique("nights"),
    kind: "DENY",
    timeZone: "Europe/Berlin",
    scope: { pipelines: [pipeline.id] },
  };
  const times = { startTime: "22:00:00", endTime: "06:00:00", startDate: "2030-01-01" };
  await server.admin.mutate("createDeploymentWindow", { ...window, ...times }, "window { id }");
  const fleet = await createFleet(server.admin, [1, 1], { policy: { manualWaves: [2] } });
  const rollout = await server.admin.mutate("promote", { app: fleet.staging.id }, "promotion { id }");
  return {
    ...{ secret: viewer.secret, pipeline, dev, live, promotion: started.promotion.id, waiting: waiting.id },
    pages: [
      { path: "/", text: pipeline.name },
      { path: `/pipelines/${pipeline.name}`, text: dev.name },
      { path: `/pipelines/${held.pipeline.name}`, text: "waits" },
      { path: `/pipelines/${pipeline.name}/graph`, text: dev.name },
      { path: `/pipelines/${pipeline.name}/timeline`, text: "This is the beginning of the log." },
      { path: `/pipelines/${held.pipeline.name}/rules`, text: "Time and checks" },
      { path: `/promotions/${started.promotion.id}`, text: "Targets" },
      { path: `/promotions/${waiting.id}`, text: "Waits for" },
      { path: `/promotions/${rollout.promotion.id}`, text: "Wave 2" },
      { path: `/apps/${dev.name}?compare=1&compare=2`, text: "v1 and v2" },
      { path: "/approvals", text: "Waiting for your vote" },
      { path: "/freezes", text: "The next 14 days" },
      { path: "/tokens", text: "Create token" },
      { path: "/audit", text: "Changes of tokens" },
    ],
  };
}

/** Opens a page in a tab that is signed in, and waits until it is live. */
export async function visit(page: Page, server: Pick<TestServer, "url">, { path, text }: PageUnderTest): Promise<void> {
  await page.goto(`${server.url}${path}`);
  await page.locator("main").getByText(text).first().waitFor();
  await page.getByText("Live", { exact: true }).waitFor();
}
