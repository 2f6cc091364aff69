import type { BlockerDetailsFragment } from "../gql/graphql";

/** What clears a blocker, in a sentence. */
export function describeRemedy(blocker: BlockerDetailsFragment, _now: number): string {
  const { code, context } = blocker;
  const check = context ?? "the check";
  switch (code) {
    case "CHECK_MISSING":
    case "CHECK_PENDING":
      return `Clears when ${check} reports success.`;
    case "CHECK_FAILED":
      return `Clears when ${check} runs again and reports success.`;
    case "RELEASE_NOT_SUCCEEDED":
      return "Clears when the deployment succeeds.";
    case "NO_RELEASE":
      return "Clears when a release reaches this stage.";
    case "UP_TO_DATE":
      return "There is nothing to promote.";
    case "NO_TARGETS":
      return "Clears when an app is added to the next stage.";
    case "REPOSITORY_MISMATCH":
      return "Clears when the pipeline names the repository that the build comes from.";
    default:
      return "Nothing clears it.";
  }
}
