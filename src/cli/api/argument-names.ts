/* API errors name input fields and mutations. The command line names its own options and commands instead. */

/** The option or argument for each input field. Fields with the same name as an argument are omitted. */
const OPTIONS: Readonly<Record<string, string>> = {
  after: "--since",
  artifact: "--artifact",
  autoDeploy: "Automatic deployment",
  branch: "--branch",
  checksum: "--checksum",
  "commit.author": "--author",
  "commit.message": "--message",
  "commit.sha": "--sha",
  commitSha: "--sha",
  component: "--component",
  context: "--context",
  deploymentMode: "--reported",
  deployTimeout: "--deploy-timeout",
  description: "--description",
  endDate: "--end-date",
  endsAt: "--until",
  endTime: "--end",
  expiresAt: "--expires",
  failureReason: "--reason",
  first: "--limit",
  idempotencyKey: "--idempotency-key",
  incidentUrl: "--incident",
  message: "--message",
  pipelines: "--pipelines",
  "pullRequest.author": "--author",
  "pullRequest.branch": "--branch",
  "pullRequest.number": "NUMBER",
  "pullRequest.title": "--title",
  "pullRequest.url": "--target-url",
  pullRequestNumber: "NUMBER",
  reason: "--reason",
  recurrence: "--recurrence",
  region: "--region",
  repository: "--repository",
  requiredChecks: "-c",
  "scope.apps": "-a",
  "scope.pipelines": "-p",
  sequence: "--sequence",
  skipUpToDate: "--skip-up-to-date",
  stage: "-s",
  startDate: "--start-date",
  startsAt: "--from",
  startTime: "--start",
  build: "The build",
  targetUrl: "--target-url",
  targets: "-t",
  timeZone: "--time-zone",
  token: "The token",
};

/** The command for each mutation, and the words for other actions. Mutations with the same name as a command are omitted. */
export const COMMANDS: Readonly<Record<string, string>> = {
  addChecks: "Adding checks",
  addCoupling: "pipelines:add",
  changeRepository: "Changing the repository or component",
  closeReviewApp: "review-apps:close",
  createApp: "apps:create",
  createBuild: "builds:create",
  createDeploymentWindow: "windows:create",
  createPipeline: "pipelines:create",
  createRelease: "releases:create",
  createToken: "tokens:create",
  deleteApp: "apps:destroy",
  deleteDeploymentWindow: "windows:delete",
  deletePipeline: "pipelines:destroy",
  exemptFromFreeze: "freeze:exempt",
  extendFreeze: "freeze:extend",
  forcePromotion: "promote --force",
  forceRelease: "releases:create --force",
  liftFreeze: "unfreeze",
  liftOthersFreeze: "Ending a freeze of another token",
  loosenDeploymentWindow: "Loosening a deployment window",
  loosenStagePolicy: "Loosening the policy of a stage",
  moveCheckedCoupling: "Moving an app that has checks",
  moveCoupling: "pipelines:move",
  openReviewApp: "review-apps:open",
  readTokens: "Reading tokens",
  readWebhookDeliveries: "Reading webhook deliveries",
  removeChecks: "Removing checks",
  removeCoupling: "pipelines:remove",
  reportDeployment: "deployments:report",
  reportStatus: "builds:status",
  revokeToken: "tokens:revoke",
  setAutoDeploy: "pipelines:auto-deploy",
  startFreeze: "freeze",
  updateApp: "apps:update",
  updateBuild: "builds:update",
  updateChecks: "pipelines:update",
  updateDeploymentWindow: "windows:update",
  updatePipeline: "pipelines:update",
  updateStagePolicy: "Updating the policy of a stage",
};

/** Replaces the names of mutations and actions in an error message with those of the command line. */
export function nameCommands(message: string): string {
  return message.replace(/(?<![\w"])[a-z]+[A-Z]\w*/g, (name) => COMMANDS[name] ?? name);
}

/** Replaces the path of an input field at the start of an error message with the option: `targets.0` becomes `-t`. */
export function nameOption(message: string, field: string | undefined): string {
  if (field === undefined || !message.startsWith(field)) return message;
  const option = OPTIONS[field.replace(/^input\./, "").replace(/\.\d+$/, "")];
  return option === undefined ? message : option + message.slice(field.length);
}
