import type { NonEmptyArray } from "type-graphql";
import { TokenResolver } from "./access/tokens.js";
import { ViewerResolver } from "./access/viewer.js";
import { AppConfigResolver, ConfigEventResolver, ConfigVarResolver } from "./config-vars/config-vars.js";
import { ApprovalRuleResolver, PipelineApprovalRulesResolver } from "./gates/approval-rules.js";
import {
  ApprovalEventResolver,
  ApprovalProgressResolver,
  ApprovalResolver,
  PromotionApprovalsResolver,
} from "./gates/approvals.js";
import { FreezeExemptionResolver, FreezeResolver } from "./gates/freezes.js";
import { GateScopeResolver } from "./gates/scopes.js";
import { DeploymentWindowResolver } from "./gates/windows.js";
import {
  ChangeEventResolver,
  EventResolver,
  PromotionEventResolver,
  ReleaseEventResolver,
  ReleaseStatusEventResolver,
} from "./history/events.js";
import { SubscriptionResolver } from "./history/subscriptions.js";
import { GithubDeliveryResolver } from "./history/webhook-deliveries.js";
import { NodeResolver } from "./nodes.js";
import { AppResolver } from "./pipelines/apps.js";
import { CouplingResolver } from "./pipelines/couplings.js";
import { PipelineResolver } from "./pipelines/pipelines.js";
import { ReviewAppResolver } from "./pipelines/review-apps.js";
import { StagePolicyResolver, StageResolver } from "./pipelines/stages.js";
import { BuildResolver } from "./releases/builds.js";
import { BlockerResolver, PlannedTargetResolver, PlanResolver } from "./releases/plans.js";
import { PromotionTargetResolver } from "./releases/promotion-targets.js";
import { PromotionResolver } from "./releases/promotions.js";
import { QuarantineResolver } from "./releases/quarantines.js";
import { ReleaseResolver } from "./releases/releases.js";
import { CouplingRolloutResolver, PromotionRolloutResolver } from "./releases/rollouts.js";
import { StatusResolver } from "./releases/statuses.js";
import { WebhookDeliveriesResolver, WebhookDeliveryResolver } from "./webhooks/deliveries.js";
import { WebhookMutationResolver } from "./webhooks/webhook-mutations.js";
import { WebhookResolver } from "./webhooks/webhooks.js";

// biome-ignore lint/complexity/noBannedTypes: type-graphql requires this type.
export const RESOLVERS: NonEmptyArray<Function> = [
  ViewerResolver,
  NodeResolver,
  PipelineResolver,
  StageResolver,
  StagePolicyResolver,
  CouplingResolver,
  ConfigVarResolver,
  AppConfigResolver,
  ConfigEventResolver,
  AppResolver,
  ReleaseResolver,
  BuildResolver,
  QuarantineResolver,
  StatusResolver,
  PromotionResolver,
  PromotionTargetResolver,
  PromotionRolloutResolver,
  CouplingRolloutResolver,
  PlanResolver,
  PlannedTargetResolver,
  BlockerResolver,
  ApprovalRuleResolver,
  PipelineApprovalRulesResolver,
  ApprovalResolver,
  PromotionApprovalsResolver,
  ApprovalProgressResolver,
  ApprovalEventResolver,
  ReviewAppResolver,
  DeploymentWindowResolver,
  FreezeResolver,
  FreezeExemptionResolver,
  GateScopeResolver,
  EventResolver,
  PromotionEventResolver,
  ReleaseStatusEventResolver,
  ReleaseEventResolver,
  ChangeEventResolver,
  TokenResolver,
  GithubDeliveryResolver,
  WebhookResolver,
  WebhookMutationResolver,
  WebhookDeliveriesResolver,
  WebhookDeliveryResolver,
  SubscriptionResolver,
];
