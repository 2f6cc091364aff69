/* What a cache has to know of the schema. A test compares it with the schema. */

/** Events are not kept in caches: each is delivered once. */
export const EVENT_TYPES = [
  "ApprovalEvent",
  "ChangeEvent",
  "ConfigEvent",
  "PromotionEvent",
  "ReleaseEvent",
  "ReleaseStatusEvent",
];

/** The types of each interface, for fragments on interfaces. */
export const POSSIBLE_TYPES = {
  Event: EVENT_TYPES,
  Node: [
    ...["App", "Approval", "ApprovalEvent", "ApprovalRule", "Build", "ChangeEvent", "ConfigEvent", "Coupling"],
    ...[
      "DeploymentWindow",
      "Freeze",
      "FreezeExemption",
      "GithubDelivery",
      "Pipeline",
      "PipelineStage",
      "Promotion",
      "PromotionEvent",
    ],
    ...["PromotionTarget", "Quarantine", "Release", "ReleaseEvent", "ReleaseStatus", "ReleaseStatusEvent"],
    ...["ReviewApp", "Token"],
    ...["Webhook", "WebhookDelivery"],
  ],
};

/** Types without an id: values that belong to the object that contains them. */
export const VALUE_TYPES = [
  ...["Actor", "ApprovalProgress", "Approver", "AutoDeploy", "AvailableCheck", "Blocker", "CheckResult", "Commit"],
  ...["ConfigDifference", "ConfigVar"],
  ...["AutomationHold", "GateScope", "GateState", "PromotionWave", "Verification"],
  ...["GithubReport", "PlannedTarget", "PromotionPlan", "PullRequest", "StageNode", "StagePolicy", "TimeInterval"],
  "Viewer",
];
