import type { Client } from "../../test/support/clients/client.js";
import type { Story } from "./story.js";

const HOUR_MS = 3_600_000;

/**
 * Creates approvals, waiting promotions, freezes and windows in existing pipelines.
 *
 * @param as creates a client of a token
 * @returns the id of the waiting promotion in the pipeline of `createSmall`
 */
export async function createHolds(story: Story, as: (secret: string) => Client, hasLarge: boolean): Promise<string> {
  const [ada, lin] = [
    as(await story.person("Ada Okafor", "OPERATOR")),
    as(await story.person("Lin Wei", "OPERATOR", ["release-managers"])),
  ];
  const approvers = [{ group: "release-managers" }];
  const rule = { stage: "PRODUCTION", name: "release managers", approvers };
  await story.client.mutate("createApprovalRule", { ...rule, pipeline: "myapp", required: 2 }, "rule { id }");
  await story.client.mutate("createApprovalRule", { ...rule, pipeline: "storefront", required: 1 }, "rule { id }");
  await ada.mutate("promote", { app: "storefront-qa", whenReady: true }, "promotion { id }");
  const started = await ada.mutate("promote", { app: "myapp-qa", whenReady: true }, "promotion { id }");
  const promotion = started.promotion.id as string;
  await lin.mutate(
    "approvePromotion",
    { promotion, comment: "Tested on staging, prices are right" },
    "promotion { id }",
  );
  const weekends = { recurrence: "FREQ=WEEKLY;BYDAY=SA", startTime: "00:00:00", endTime: "23:59:00" };
  const window = { kind: "DENY", timeZone: "Europe/Berlin", message: "No deployments at the weekend" };
  await story.client.mutate(
    "createDeploymentWindow",
    { name: "weekends", ...window, ...weekends, scope: { stages: ["PRODUCTION"], pipelines: ["ledger"] } },
    "window { id }",
  );
  const working = { recurrence: "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", startTime: "09:00:00", endTime: "17:00:00" };
  await story.client.mutate(
    "createDeploymentWindow",
    {
      name: "working-hours",
      kind: "ALLOW",
      timeZone: "Europe/Berlin",
      ...working,
      scope: { pipelines: ["billing"] },
    },
    "window { id }",
  );
  const at = (hours: number) => new Date(Date.now() + hours * HOUR_MS).toISOString();
  await story.client.mutate(
    "startFreeze",
    {
      reason: "Black Friday",
      scope: { stages: ["PRODUCTION"], pipelines: ["storefront"] },
      startsAt: at(70),
      endsAt: at(150),
    },
    "freeze { id }",
  );
  if (!hasLarge) return promotion;
  await story.client.mutate("createApprovalRule", { ...rule, pipeline: "fleet", required: 1 }, "rule { id }");
  await ada.mutate("promote", { pipeline: "fleet", stage: "STAGING", whenReady: true }, "promotion { id }");
  const frozen = { stages: ["PRODUCTION"], pipelines: ["fleet"] };
  const incident = { reason: "Payments incident", incidentUrl: "https://status.example.com/142" };
  const freeze = await story.client.mutate(
    "startFreeze",
    { ...incident, scope: frozen, endsAt: at(3.2) },
    "freeze { id }",
  );
  await story.client.mutate(
    "exemptFromFreeze",
    { freeze: freeze.freeze.id, app: "shop-004-live", reason: "Fixes the incident", expiresAt: at(2) },
    "freeze { id }",
  );
  return promotion;
}
