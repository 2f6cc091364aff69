/* API errors name input fields. The command line names its own options instead. */

/** The option or argument for each input field. Fields with the same name as an argument are omitted. */
const OPTIONS: Readonly<Record<string, string>> = {
  after: "--since",
  artifact: "--artifact",
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
  expiresAt: "--expires",
  failureReason: "--reason",
  first: "--limit",
  idempotencyKey: "--idempotency-key",
  pipelines: "--pipelines",
  "pullRequest.author": "--author",
  "pullRequest.branch": "--branch",
  "pullRequest.number": "NUMBER",
  "pullRequest.title": "--title",
  "pullRequest.url": "--target-url",
  pullRequestNumber: "NUMBER",
  reason: "--reason",
  region: "--region",
  repository: "--repository",
  requiredChecks: "-c",
  sequence: "--sequence",
  skipUpToDate: "--skip-up-to-date",
  stage: "-s",
  targetUrl: "--target-url",
  targets: "-t",
};

/** Replaces the path of an input field at the start of an error message with the option: `targets.0` becomes `-t`. */
export function nameOption(message: string, field: string | undefined): string {
  if (field === undefined || !message.startsWith(field)) return message;
  const option = OPTIONS[field.replace(/^input\./, "").replace(/\.\d+$/, "")];
  return option === undefined ? message : option + message.slice(field.length);
}
