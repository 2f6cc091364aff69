import { Token } from "./access/token.js";
import { Build } from "./builds/build.js";
import { CommitStatus } from "./builds/commit-status.js";
import { HeldDeploy } from "./builds/held-deploy.js";
import { Quarantine } from "./builds/quarantine.js";
import { RepositoryName } from "./builds/repository-name.js";
import { ConfigKey, ConfigValue, ConfigVar } from "./config-vars/config-var.js";
import { IdempotencyKey } from "./core/idempotency-key.js";
import { Approval } from "./gates/approval.js";
import { ApprovalRule } from "./gates/approval-rule.js";
import { DeploymentWindow } from "./gates/deployment-window.js";
import { Freeze, FreezeExemption } from "./gates/freeze.js";
import { GateScopeEntry } from "./gates/gate-scope.js";
import { StagePolicy } from "./gates/stage-policy.js";
import { GithubDelivery } from "./github/github-delivery.js";
import { GithubPosition, GithubReport } from "./github/github-report.js";
import { LogEvent } from "./history/event.js";
import { EventApp } from "./history/event-app.js";
import { eventClass } from "./history/event-class.js";
import type { EventType } from "./history/event-type.js";
import { App } from "./pipelines/app.js";
import { Coupling } from "./pipelines/coupling.js";
import { Pipeline } from "./pipelines/pipeline.js";
import { ReviewApp } from "./pipelines/review-app.js";
import { Promotion } from "./releases/promotion.js";
import { PromotionTarget } from "./releases/promotion-target.js";
import { Release } from "./releases/release.js";
import { ReleaseStatus } from "./releases/release-status.js";
import { Webhook } from "./webhooks/webhook.js";
import { QueuedEvent, WebhookDelivery } from "./webhooks/webhook-delivery.js";

/** All entity classes. Each maps to one table. */
export const ENTITIES = [
  Approval,
  ApprovalRule,
  App,
  Build,
  CommitStatus,
  ConfigKey,
  ConfigValue,
  ConfigVar,
  Coupling,
  DeploymentWindow,
  EventApp,
  Freeze,
  FreezeExemption,
  GateScopeEntry,
  GithubDelivery,
  GithubPosition,
  GithubReport,
  HeldDeploy,
  IdempotencyKey,
  LogEvent,
  Pipeline,
  Promotion,
  PromotionTarget,
  Quarantine,
  QueuedEvent,
  Release,
  ReleaseStatus,
  RepositoryName,
  ReviewApp,
  StagePolicy,
  Token,
  Webhook,
  WebhookDelivery,
];

/** Entities whose rows are instances of a subclass, with the function that chooses it by the row. */
export const SUBCLASSES: ReadonlyMap<unknown, (row: Record<string, unknown>) => new () => object> = new Map([
  [LogEvent, (row) => eventClass(row.type as EventType)],
]);
