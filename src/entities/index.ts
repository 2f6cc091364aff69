import { App } from "./app.js";
import { Build } from "./build.js";
import { CommitStatus } from "./commit-status.js";
import { Coupling } from "./coupling.js";
import { EventApp, LogEvent } from "./event.js";
import { GithubPosition, GithubReport } from "./github-report.js";
import { IdempotencyKey } from "./idempotency-key.js";
import { Pipeline } from "./pipeline.js";
import { Promotion, PromotionTarget } from "./promotion.js";
import { Release } from "./release.js";
import { ReleaseStatus } from "./release-status.js";
import { ReviewApp } from "./review-app.js";
import { Token } from "./token.js";
import { WebhookDelivery } from "./webhook-delivery.js";

/** Every class that has a table. */
export const ENTITIES = [
  App,
  Build,
  CommitStatus,
  Coupling,
  EventApp,
  GithubPosition,
  GithubReport,
  IdempotencyKey,
  LogEvent,
  Pipeline,
  Promotion,
  PromotionTarget,
  Release,
  ReleaseStatus,
  ReviewApp,
  Token,
  WebhookDelivery,
];
