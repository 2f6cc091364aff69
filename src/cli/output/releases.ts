import type { ReleaseFragment } from "../api/generated.js";
import { joinChecks } from "../options/checks.js";
import { appLabel, check, lower, phase, singleLine } from "./format.js";
import type { Column, Screen } from "./screen.js";

/* Prints releases: as text for people, in columns for scripts. */

/** Prints a list of releases. Each starts with `• v1 (id) - current`. */
export function showReleases(screen: Screen, app: string, releases: readonly ReleaseFragment[]): void {
  const { paint } = screen;
  if (releases.length === 0) {
    screen.line(paint.dim(`${app} has no releases. Promote to it, or create one with \`railyard releases:create\`.`));
  }
  for (const release of releases) {
    const current = release.current ? paint.green(" - current") : "";
    screen.line(`${paint.cyan("•")} ${paint.bold(`v${release.version}`)} (${release.id})${current}`);
    for (const [label, value] of details(screen, release)) screen.line(`  ${paint.dim(`${label}:`)} ${value}`);
  }
}

/** Prints the details of a release. */
export function showRelease(screen: Screen, release: ReleaseFragment): void {
  screen.pairs([
    ["App", appLabel(release.app, screen.paint)],
    ["Release", `v${release.version} (${release.id})${release.current ? screen.paint.green(" - current") : ""}`],
    ...details(screen, release),
    ["Commit", formatCommit(release)],
    ["Artifact", singleLine(release.build.artifact ?? "")],
    ...(release.forced ? ([["Forced", singleLine(release.reason ?? "")]] as [string, string][]) : []),
    ["By", `${singleLine(release.createdBy.name)} (${lower(release.createdBy.role)})`],
  ]);
}

function details(screen: Screen, release: ReleaseFragment): [string, string][] {
  const { paint } = screen;
  const failure = release.failureReason === null ? "" : `: ${singleLine(release.failureReason)}`;
  const checks = release.statuses.map((status) => check(status.context, status.state, paint)).join(", ");
  return [
    ["Build", release.build.id],
    ["Created", screen.time(release.createdAt)],
    ["Status", `${phase(release.phase, paint)}${failure}`],
    ["Description", singleLine(release.description)],
    ...(checks === "" ? [] : ([["Checks", checks]] as [string, string][])),
  ];
}

function formatCommit({ build: { commit } }: ReleaseFragment): string {
  const message = commit.message?.split("\n", 1)[0] ?? "";
  return singleLine(message === "" ? commit.sha : `${commit.sha} ${message}`);
}

/** The columns of a list of releases in a pipe. */
export function releaseColumns(): Column<ReleaseFragment>[] {
  return [
    { title: "Version", value: (one) => `v${one.version}` },
    { title: "Current", value: (one) => (one.current ? "current" : "") },
    { title: "Phase", value: (one) => lower(one.phase) },
    { title: "Commit", value: (one) => one.build.commit.sha },
    { title: "Build", value: (one) => one.build.id },
    { title: "Created", value: (one) => one.createdAt },
    { title: "Description", value: (one) => one.description },
    {
      title: "Checks",
      value: (one) => joinChecks(one.statuses.map(({ context, state }) => `${context}=${lower(state)}`)),
    },
    { title: "Id", value: (one) => one.id },
  ];
}
