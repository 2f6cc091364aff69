import * as enums from "../../entities/core/enums.js";
import { describe } from "./describe-enum.js";
import "./event-types.js";

describe("Stage", enums.Stage, "The four stages of a pipeline, in order.", {
  REVIEW: "Review apps of open pull requests.",
  DEVELOPMENT: "Runs the central branch.",
  STAGING: "For tests before production.",
  PRODUCTION: "Serves the users. The last stage.",
});

describe("StatusState", enums.StatusState, "The state that an external service reports in one context.", {
  PENDING: "The check has not finished.",
  SUCCESS: "The check passed. Only this state satisfies a required check.",
  FAILURE: "The check failed.",
  ERROR: "The check could not be completed.",
});

describe("BuildPhase", enums.BuildPhase, "The progress of a build.", {
  PENDING: "The build is in progress.",
  SUCCEEDED: "The artifact is available. The build can no longer change.",
  FAILED: "The build failed.",
});

describe(
  "ReleasePhase",
  enums.ReleasePhase,
  "The phase of a release's deployment. A new release supersedes one that is still QUEUED on the same app.",
  {
    QUEUED: "Waiting for another release of the app to finish deploying.",
    DEPLOYING: "Being rolled out. The result has not been reported yet.",
    SUCCEEDED: "The deployment succeeded. The release is running or has run.",
    FAILED: "The deployment failed. `failureReason` holds the reason.",
    SUPERSEDED: "Replaced by a newer release before its deployment started.",
  },
);

describe("DeploymentPhase", enums.DeploymentPhase, "What a deployer reports of a release.", {
  DEPLOYING: "The rollout is still in progress. Restarts the timeout.",
  SUCCEEDED: "The release runs.",
  FAILED: "The rollout failed. `failureReason` holds the reason.",
});

describe("DeploymentMode", enums.DeploymentMode, "How an app's releases are deployed.", {
  IMMEDIATE: "Releases are only recorded. They succeed when they are created.",
  REPORTED:
    "A deployer subscribes to the events, rolls each release out and reports the result with `reportDeployment`. An app deploys one release at a time.",
});

describe("ReleaseTrigger", enums.ReleaseTrigger, "What created a release.", {
  DEPLOY: "A client released a build with `createRelease`.",
  AUTO_DEPLOY: "A build of the app's branch succeeded and was deployed automatically.",
  PROMOTION: "A promotion from the previous stage.",
  ROLLBACK: "A rollback to an earlier release.",
  CONFIG: "A change of the app's config vars. The build is the same as before.",
});

describe(
  "AutoDeployOutcome",
  enums.AutoDeployOutcome,
  "Whether a build is deployed automatically to an app, or what prevents it.",
  {
    DEPLOYED: "The build was released on the app.",
    WAITING:
      "The build has not succeeded, or a gate such as a required check blocks it. It is deployed once nothing blocks it.",
    HELD: "Automatic deploys of the app are held after a rollback, until the next release or promotion to it.",
    SUPERSEDED: "A newer build, which was registered later, has been released on the app.",
    NOT_NEWER:
      "The build was registered late: a newer build was registered before it and has been released, or it passed while the app did not follow it.",
  },
);

describe("VerificationFailure", enums.VerificationFailure, "What happens if the verification of a release fails.", {
  STOP: "The target of the promotion counts as failed.",
  ROLL_BACK: "The app is rolled back, and the target of the promotion counts as failed.",
  RECORD: "The failure is only recorded. The target of the promotion counts as succeeded.",
});

describe("PromotionPhase", enums.PromotionPhase, "The phase of a promotion.", {
  WAITING: "It waits for its gates.",
  IN_PROGRESS: "At least one target has not reached a final phase.",
  SUCCEEDED: "Every target succeeded.",
  PARTIALLY_SUCCEEDED: "Some targets succeeded and others did not.",
  FAILED: "No target succeeded.",
  CANCELLED: "It was cancelled before any target succeeded or failed.",
  EXPIRED: "It waited longer than `expiresIn` allows.",
  REJECTED: "An approver rejected it.",
  SUPERSEDED: "A newer promotion took all of its targets while it waited.",
});

describe("PromotionTargetPhase", enums.PromotionTargetPhase, "The phase of one target of a promotion.", {
  WAITING: "The promotion, or the wave of the target, waits for its gates.",
  QUEUED: "Its release is queued behind another deployment of the app.",
  DEPLOYING: "Its release is being deployed.",
  VERIFYING: "Its release has succeeded and is being verified.",
  SUCCEEDED: "Its release succeeded.",
  FAILED: "Its release failed, or its verification did.",
  SUPERSEDED: "A newer promotion or release replaced it before its release began to deploy.",
  CANCELLED: "It ended before its release began to deploy.",
  ROLLED_BACK: "The verification of its release failed, and the app was rolled back.",
});

describe("BlockerCode", enums.BlockerCode, "Why a promotion or release is blocked.", {
  NO_RELEASE: "The source app has no release to promote.",
  RELEASE_NOT_SUCCEEDED: "The release to promote has not succeeded on the source app.",
  NO_NEXT_STAGE: "The source stage is the last one.",
  NO_TARGETS: "The next stage has no apps.",
  UP_TO_DATE: "`skipUpToDate` skips every target: all of them already run the build.",
  CHECK_MISSING: "A required check has not been reported on the release.",
  CHECK_PENDING: "A required check is still pending.",
  CHECK_FAILED: "A required check reported FAILURE or ERROR.",
  REPOSITORY_MISMATCH: "The build belongs to a different repository or component than the pipeline.",
  APPROVAL_REQUIRED: "An approval rule of the target is not met.",
  WINDOW_CLOSED: "The deployment windows of the target are closed.",
  FROZEN: "A freeze applies to the target.",
  NOT_BEFORE: "The time that was requested with `notBefore` has not come.",
  SOAKING: "The release has not been current on the source app for the stage's soak time.",
  NOT_VERIFIED: "The release has not been verified on the source app.",
  BUILD_QUARANTINED: "The build is quarantined from this stage on.",
  CONFIG_MISSING: "Config vars of the target are missing, or do not match those of the source as the stage requires.",
  GATE_FAILED: "A gate could not be evaluated, because its data is invalid. Gates fail closed.",
  WAVE_NOT_ENDED: "An earlier wave has not ended.",
  PARALLEL_LIMIT: "The stage's limit for targets in progress at the same time, `maxParallel`, is reached.",
  WAVE_PAUSE: "The pause after the previous wave is not over.",
  MANUAL_WAVE: "The wave starts only with `advancePromotion`.",
  PAUSED: "The promotion is paused.",
});

describe("Remedy", enums.Remedy, "What can clear a blocker.", {
  REPORT_STATUS: "Reporting the check as SUCCESS.",
  APPROVE: "An approval.",
  WAIT: "Waiting. `clearsAt` says until when, if that is known.",
  LIFT_FREEZE: "Lifting the freeze, or an exemption from it.",
  SET_CONFIG: "Setting the missing config vars.",
  DEPLOY: "A successful deployment to the source app, or the end of the deployments in progress.",
  FORCE: "`force` with a reason, by an administrator.",
  ADVANCE: "`advancePromotion`.",
  RESUME: "`resumePromotion`.",
  RELEASE_BUILD: "`releaseBuild`, by an administrator.",
});

describe("Role", enums.Role, "The permissions of a token. Each role includes the permissions of the roles before it.", {
  VIEWER: "Reads everything except secrets.",
  REPORTER: "Also registers builds, and reports statuses and deployments.",
  OPERATOR:
    "Also creates and updates pipelines and apps, adds couplings and checks, releases, promotes and rolls back.",
  ADMIN: "Also removes checks, couplings, apps and pipelines, forces promotions and manages tokens.",
});

describe("ConfigParity", enums.ConfigParity, "Which config vars a target of a promotion must have.", {
  OFF: "None: config vars are not compared.",
  REQUIRED: "The config vars that the build or the target app requires.",
  SUPERSET: "In addition, every config var that the source app has.",
  EXACT: "In addition, no others: the source and the target must have the same keys.",
});

describe("WebhookFormat", enums.WebhookFormat, "The format of a webhook's request bodies.", {
  RAILYARD: "JSON with `type`, `timestamp` and `data`, as Standard Webhooks recommends.",
  CLOUDEVENTS: "CloudEvents 1.0 in structured mode.",
  CDEVENTS: "CDEvents 0.5, bound to CloudEvents in binary mode.",
  SLACK: "Messages for an incoming webhook of Slack. Only sends events that people want to read.",
});

describe("WebhookState", enums.WebhookState, "Whether a webhook sends events.", {
  ACTIVE: "It sends events.",
  FAILING: "The last three attempts or more failed. It is retried.",
  PAUSED:
    "It sends nothing until `resumeWebhook`. It was paused by a person, after failing for 5 days, or because the log no longer holds the events after its cursor. `problem` holds the reason.",
  DISABLED:
    "It sends nothing until `resumeWebhook`. The receiver answered 410 Gone, or the token that created it was revoked or has expired. `problem` holds the reason.",
});

describe("GithubReportPhase", enums.GithubReportPhase, "The progress of reporting a release to GitHub.", {
  PENDING: "The report is being sent or retried. `failureReason` holds the last error.",
  DELIVERED: "GitHub has accepted the report.",
  FAILED: "The report was abandoned. `failureReason` holds the reason.",
});

describe(
  "GithubDeploymentState",
  enums.GithubDeploymentState,
  "The state of a deployment on GitHub, as Railyard reports it.",
  {
    QUEUED: "The release is QUEUED.",
    IN_PROGRESS: "The release is DEPLOYING.",
    SUCCESS: "The release SUCCEEDED.",
    FAILURE: "The release FAILED.",
    INACTIVE: "The release is no longer current, was SUPERSEDED, or its app was deleted.",
  },
);
describe("WindowKind", enums.WindowKind, "What a deployment window means while it is active.", {
  ALLOW: "Deployments may begin.",
  DENY: "Deployments may not begin.",
});

describe("GithubDeliveryOutcome", enums.GithubDeliveryOutcome, "What a webhook delivery from GitHub did.", {
  APPLIED: "It took effect. A redelivery does nothing.",
  IGNORED: "It needs no change. `message` says why.",
  PENDING:
    "It has had no effect yet. It is applied once a pipeline has its repository (for pull requests, with review apps enabled), or when it is redelivered.",
  EXPIRED: "It was PENDING for 24 hours. It is applied only if it is redelivered.",
  REFUSED: "It could not be applied. `message` says why. Redeliver it once the cause is fixed.",
});

describe("OrderDirection", enums.OrderDirection, "The direction of an order.", {
  ASC: "From the first to the last: names alphabetically, the oldest first.",
  DESC: "From the last to the first: names in reverse, the newest first.",
});

describe("PipelineOrderField", enums.PipelineOrderField, "What pipelines can be sorted by.", {
  CREATED: "The order in which they were created.",
  NAME: "The name.",
  UPDATED: "The order in which they were last updated.",
});

describe("AppOrderField", enums.AppOrderField, "What apps can be sorted by.", {
  CREATED: "The order in which they were created.",
  NAME: "The name.",
  UPDATED: "The order in which they were last updated. A release is not an update of its app.",
});

describe("BuildOrderField", enums.BuildOrderField, "What builds can be sorted by.", {
  CREATED: "The order in which they were registered.",
});

describe("ReleaseOrderField", enums.ReleaseOrderField, "What releases can be sorted by.", {
  CREATED: "The order in which they were created; for the releases of an app, that of their versions.",
});

describe("PromotionOrderField", enums.PromotionOrderField, "What promotions can be sorted by.", {
  CREATED: "The order in which they were created.",
  UPDATED: "The order in which their phase last changed.",
});

describe("ApprovalDecision", enums.ApprovalDecision, "A decision about a promotion.", {
  APPROVED: "This person agrees to the promotion.",
  REJECTED: "This person rejects the promotion, which ends it.",
});

describe("VoidReason", enums.VoidReason, "Why an approval stopped counting.", {
  WITHDRAWN: "The person withdrew it.",
  EXPIRED: "It expired.",
  RULE_CHANGED: "The rule changed and no longer accepts it.",
  CREDENTIAL_REVOKED: "The token that it was given with was revoked.",
  CHECK_FAILED: "A check that had passed when it was given has failed since.",
});
