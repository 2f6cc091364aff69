import type { NonEmptyArray } from "type-graphql";
import { AppResolver } from "./apps.js";
import { BuildResolver } from "./builds.js";
import { CouplingResolver } from "./couplings.js";
import { EventResolver, PromotionEventResolver, ReleaseEventResolver, ReleaseStatusEventResolver } from "./events.js";
import { NodeResolver } from "./nodes.js";
import { PipelineResolver } from "./pipelines.js";
import { BlockerResolver, PlannedTargetResolver, PlanResolver } from "./plans.js";
import { PromotionResolver, PromotionTargetResolver } from "./promotions.js";
import { ReleaseResolver } from "./releases.js";
import { ReviewAppResolver } from "./review-apps.js";
import { StageResolver } from "./stages.js";
import { StatusResolver } from "./statuses.js";
import { SubscriptionResolver } from "./subscriptions.js";
import { TokenResolver } from "./tokens.js";
import { ViewerResolver } from "./viewer.js";
import { WebhookDeliveryResolver } from "./webhook-deliveries.js";

// biome-ignore lint/complexity/noBannedTypes: type-graphql requires this type.
export const RESOLVERS: NonEmptyArray<Function> = [
  ViewerResolver,
  NodeResolver,
  PipelineResolver,
  StageResolver,
  CouplingResolver,
  AppResolver,
  ReleaseResolver,
  BuildResolver,
  StatusResolver,
  PromotionResolver,
  PromotionTargetResolver,
  PlanResolver,
  PlannedTargetResolver,
  BlockerResolver,
  ReviewAppResolver,
  EventResolver,
  PromotionEventResolver,
  ReleaseStatusEventResolver,
  ReleaseEventResolver,
  TokenResolver,
  WebhookDeliveryResolver,
  SubscriptionResolver,
];
