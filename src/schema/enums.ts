import { registerEnumType } from "type-graphql";
import * as vocabulary from "../entities/core/enums.js";

/** Gives an enumeration its name and the description of each value. */
function describe<T extends Record<string, string>>(
  name: string,
  values: T,
  description: string,
  descriptions: Record<keyof T & string, string>,
): void {
  const valuesConfig = Object.fromEntries(
    Object.entries(descriptions).map(([value, text]) => [value, { description: text }]),
  );
  registerEnumType(values, { name, description, valuesConfig: valuesConfig as never });
}

describe("Stage", vocabulary.Stage, "The four steps of the continuous delivery workflow, in order.", {
  REVIEW: "Apps of open pull requests, for a look at the change.",
  DEVELOPMENT: "Where the central branch runs.",
  STAGING: "Where a release is tried before production.",
  PRODUCTION: "Where the users are. Nothing comes after it.",
});

describe("StatusState", vocabulary.StatusState, "What a third party says of a release in one context.", {
  PENDING: "It is still being looked at.",
  SUCCESS: "It is good: the only state that passes a required check.",
  FAILURE: "It is not good.",
  ERROR: "It could not be looked at.",
});

describe("BuildPhase", vocabulary.BuildPhase, "Whether a build's artifact is there.", {
  PENDING: "It is being made.",
  SUCCEEDED: "It is there, and never changes again.",
  FAILED: "It could not be made.",
});

describe(
  "ReleasePhase",
  vocabulary.ReleasePhase,
  "Where a release is on its way to running. A later release that is admitted while one still waits supersedes the waiting one.",
  {
    QUEUED: "Another release of the app is deploying; it waits.",
    DEPLOYING: "It is being rolled out, until somebody reports how that ended.",
    SUCCEEDED: "It runs, or has run.",
    FAILED: "It could not be rolled out; `failureReason` says why.",
    SUPERSEDED: "A later release took its place before its turn came.",
  },
);

describe("DeploymentMode", vocabulary.DeploymentMode, "How an app's releases become live.", {
  IMMEDIATE: "The release is a record: it succeeds the moment it is made.",
  REPORTED:
    "A deployer follows the events, rolls the release out and reports with `reportDeployment`; one release of an app deploys at a time.",
});

describe("ReleaseTrigger", vocabulary.ReleaseTrigger, "What made a release.", {
  DEPLOY: "Somebody released a build onto the app.",
  AUTO_DEPLOY: "A build of a branch that the app follows succeeded.",
  PROMOTION: "It was promoted from the stage before.",
  ROLLBACK: "Somebody went back to an earlier release.",
});

describe("PromotionPhase", vocabulary.PromotionPhase, "How far a promotion has come.", {
  IN_PROGRESS: "A target is not final yet.",
  SUCCEEDED: "Every target succeeded.",
  PARTIALLY_SUCCEEDED: "Some targets succeeded, and some did not.",
  FAILED: "No target succeeded.",
});

describe("BlockerCode", vocabulary.BlockerCode, "Why a promotion is refused.", {
  NO_RELEASE: "The source app has no release that could be promoted.",
  RELEASE_NOT_SUCCEEDED: "The release to promote has not succeeded on the source app.",
  NO_NEXT_STAGE: "The source stage is the last one.",
  NO_TARGETS: "The next stage holds no app.",
  CHECK_MISSING: "A required check was never reported on the release.",
  CHECK_PENDING: "A required check is still pending.",
  CHECK_FAILED: "A required check reported failure or error.",
});

describe("Role", vocabulary.Role, "What a token may do. Each role may do all that the ones before it may.", {
  VIEWER: "Reads everything but secrets.",
  REPORTER: "Also reports builds, release statuses and deployments.",
  OPERATOR: "Also creates pipelines and apps, couples, adds checks, releases, promotes and rolls back.",
  ADMIN: "Elevated access: also removes checks, couplings, apps and pipelines, forces promotions and manages tokens.",
});

describe("EventType", vocabulary.EventType, "What an event tells of.", {
  PIPELINE_CREATED: "A pipeline was created.",
  PIPELINE_UPDATED: "A pipeline was renamed or otherwise changed.",
  PIPELINE_DELETED: "A pipeline was deleted.",
  APP_CREATED: "An app was created.",
  APP_UPDATED: "An app changed, or something happened on the pull request of a review app.",
  APP_DELETED: "An app was deleted.",
  COUPLING_ADDED: "An app was added to a pipeline.",
  COUPLING_MOVED: "An app was moved to another stage.",
  COUPLING_CHECKS_UPDATED: "The required checks of an app changed.",
  COUPLING_AUTO_DEPLOY_CHANGED: "Automatic deploys of an app were switched on or off.",
  COUPLING_REMOVED: "An app was removed from its pipeline.",
  BUILD_CREATED: "A build was registered.",
  BUILD_UPDATED: "A build ended, or a status was reported on a build that holds for no release.",
  RELEASE_CREATED: "A release was made, in whichever phase.",
  RELEASE_PHASE_CHANGED: "A release moved to another phase.",
  RELEASE_STATUS_REPORTED: "A status was reported that holds for a release.",
  PROMOTION_STARTED: "A promotion was admitted.",
  PROMOTION_TARGET_CHANGED: "A target of a promotion was made, or moved to another phase.",
  PROMOTION_FINISHED: "Every target of a promotion is final.",
  REVIEW_APP_OPENED: "A review app was made for a pull request.",
  REVIEW_APP_CLOSED: "A review app was removed.",
  TOKEN_CREATED: "A token was made.",
  TOKEN_REVOKED: "A token was revoked.",
  ACCESS_DENIED:
    "Somebody who is signed in tried what only an administrator may do, and was refused. Only an administrator is told; the subject is the token.",
});

describe("ReportState", vocabulary.ReportState, "Whether something has been told to another system.", {
  PENDING: "It is being told, or tried again; `problem` says what went wrong so far.",
  DELIVERED: "The other system knows.",
  FAILED: "It was given up; `problem` says why.",
});
