import type { Build } from "../../entities/builds/build.js";
import type { ReleaseStatus } from "../../entities/releases/release-status.js";
import { changed, type EventDraft } from "../../events/draft.js";

/** The event of a status that applies to no release: it is a change of the build. */
export function buildStatusEvent(build: Build, status: Pick<ReleaseStatus, "context" | "state">): EventDraft {
  return changed("BUILD_UPDATED", buildSubject(build), `${status.context} of ${shortSha(build)} is ${status.state}`);
}

/** A build has no name. People identify it by its commit. */
export function buildSubject(build: Build): { id: string; name: string } {
  return { id: build.id, name: `${build.repository}@${shortSha(build)}` };
}

export function shortSha(build: Build): string {
  return build.commitSha.slice(0, 7);
}
