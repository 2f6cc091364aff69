import type { Refused } from "./railyard.js";
import type {
  App,
  Blocker,
  Build,
  Coupling,
  Pipeline,
  Promotion,
  Release,
  ReviewApp,
  Status,
  WaitingPromotion,
} from "./selections.js";

/* What came back, in the marks and the layout of the text. */

/** A pipeline as it was created: its name, and the way through it. */
export function pipelineLines({ name, stages }: Pipeline): string[] {
  return [`= ${name} pipeline (${stages.map(({ stage }) => stage.toLowerCase()).join(" -> ")})`];
}

export function couplingLines({ app, id, createdAt, updatedAt, stage, requiredChecks, pipeline }: Coupling): string[] {
  return [
    `app id=${app.id}, name=${app.name}`,
    `id ${id}`,
    `created_at ${createdAt}`,
    `updated_at ${updatedAt}`,
    `stage ${stage.toLowerCase()}`,
    `pipeline id=${pipeline.id}, name=${pipeline.name}`,
    ...(requiredChecks.length === 0 ? [] : [`checks ${requiredChecks.join(", ")}`]),
  ];
}

export function buildLines({ id, phase, commit, artifact, checksum }: Build): string[] {
  return [
    `Build ${id} ${phase.toLowerCase()}`,
    `  Commit: ${commit.sha}`,
    `  Message: ${commit.message}`,
    `  Author: ${commit.author}`,
    `  Artifact: ${artifact}`,
    `  Checksum: ${checksum}`,
  ];
}

export function promotionLines({ source, pipeline, from, to, release, targets }: Promotion): string[] {
  const arrived = targets.every((target) => target.phase === "SUCCEEDED" && target.release.current);
  return [
    `Promoting app ⬢ ${source.name} ... ${arrived ? "✓" : "✗"}`,
    `= ${pipeline.name} pipeline (${from.toLowerCase()} -> ${to.toLowerCase()})`,
    `Promoted: ⬢ ${source.name} (Release: ${release.id})`,
    ...targets.map(({ app }, index) => {
      const region = app.region === null ? "" : ` (${app.region})`;
      return `${index === 0 ? "To: " : "    "}⬢ ${app.name}${region}`;
    }),
  ];
}

/** The releases of an app, newest first. */
export function releasesLines({ releases }: App): string[] {
  return releases.nodes.flatMap(releaseLines);
}

function releaseLines({ version, id, current, build, createdAt, phase, description }: Release): string[] {
  return [
    `• v${version} (${id})${current ? " - current" : ""}`,
    `  Build: ${build.id}`,
    `  Created: ${createdAt}`,
    `  Status: ${phase.toLowerCase()}`,
    `  Description: ${description}`,
  ];
}

/** The apps of a pipeline and what each requires, stage by stage. */
export function infoLines({ stages }: Pipeline): string[] {
  return stages.flatMap(({ stage, couplings }) =>
    couplings.flatMap(({ id, app, requiredChecks }) => [
      `᱿ ${stage.toLowerCase()}`,
      `  Id: ${id}`,
      `  App: ${app.name} (${app.id})`,
      `  Status Checks: ${requiredChecks.join(", ")}`.trimEnd(),
    ]),
  );
}

/** What the checks of a pipeline are called. */
export function checksLines({ availableChecks }: Pipeline): string[] {
  return availableChecks.map(({ context }) => `• ${context}`);
}

export function statusLines({ context, state, reportedBy }: Status): string[] {
  return [`${context}: ${state.toLowerCase()}, says ${reportedBy.name}`];
}

export function reviewAppLines({ app, pullRequest }: ReviewApp): string[] {
  return [`⬢ ${app.name} previews pull request ${pullRequest.number} (${pullRequest.branch})`];
}

/** A refusal: what was said, and everything that holds the promotion back. */
export function refusalLines({ errors }: Refused): string[] {
  return errors.flatMap(({ message, extensions: { code, blockers = [] } }) =>
    blockers.length === 0 ? [`✗ ${code}: ${message}`] : [`✗ ${code}`, ...blockers.map(blockerLine)],
  );
}

function blockerLine({ app, context, code, message }: Blocker): string {
  return `  ⬢ ${[app?.name, context, code].filter((part) => part != null).join(" ")}: ${message}`;
}

/** A promotion that waits: what blocks it, and what can clear that. */
export function waitingLines({ source, phase, blockers }: WaitingPromotion): string[] {
  return [
    `Promoting app ⬢ ${source.name} ... ${phase.toLowerCase()}`,
    ...blockers.flatMap((one) => [blockerLine(one), `    Cleared by: ${one.remedies.join(", ")}`]),
  ];
}

/** Two sources that meet in one app, and where it goes from there; the picture of the text. */
export function funnelLines({ stages }: Pipeline): string[] {
  const [upper, lower, ...rest] = stages.flatMap(({ couplings }) => couplings.map(({ app }) => app.name));
  const width = Math.max(upper?.length ?? 0, lower?.length ?? 0);
  const margin = " ".repeat(width + 5);
  return [
    `${upper?.padEnd(width)} ---`,
    `${margin.slice(1)}\\`,
    `${margin}---> ${rest.join(" ---> ")}`,
    `${margin.slice(1)}/`,
    `${lower?.padEnd(width)} ---`,
  ];
}
