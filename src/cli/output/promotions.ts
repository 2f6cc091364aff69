import type { PlanFragment, PromotionFragment, TargetFragment } from "../api/generated.js";
import { type BlockerHints, explainBlockers } from "./blockers.js";
import { appLabel, check, lower, phase, shortSha, singleLine, wrapWords } from "./format.js";
import type { Screen } from "./screen.js";
import { waitingLines } from "./waiting.js";

/* Prints promotions and promotion plans. */

/** Prints a promotion: `= myapp pipeline (development -> staging)`, its source and targets. */
export function showPromotion(screen: Screen, promotion: PromotionFragment, progressed: boolean): void {
  const { paint } = screen;
  const { pipeline, from, to, source, release, targets } = promotion;
  screen.line(`= ${heading(pipeline?.name ?? "(deleted)", from, to)}`);
  screen.line(`Promoted: ${appLabel(source, paint)} (Release: ${release.id})`);
  targets.forEach((target, index) => {
    const detail = progressed || target.phase !== "SUCCEEDED" ? `  ${outcome(screen, target)}` : "";
    screen.line(`${index === 0 ? "To: " : "    "}${appLabel(target.app, paint)}${detail}`);
  });
  if (promotion.forced) screen.line(`Forced: ${singleLine(promotion.reason ?? "")}`);
}

function heading(pipeline: string, from: string, to: string | null): string {
  return `${pipeline} pipeline (${lower(from)} -> ${to === null ? "no next stage" : lower(to)})`;
}

/** `v2 succeeded`, or `v2 failed` with the reason; `waiting` without a release. */
export function outcome(
  { paint }: Screen,
  target: Pick<TargetFragment, "phase" | "release" | "failureReason">,
): string {
  const why = target.failureReason === null ? "" : `: ${singleLine(target.failureReason)}`;
  const version = target.release === null ? "" : `v${target.release.version} `;
  return `${version}${phase(target.phase, paint)}${why}`;
}

/** Prints all details of a promotion. */
export function describePromotion(screen: Screen, promotion: PromotionFragment): void {
  const { paint } = screen;
  showPromotion(screen, promotion, true);
  screen.line();
  screen.pairs([
    ["id", promotion.id],
    ["phase", phase(promotion.phase, paint)],
    ...(promotion.paused ? ([["paused", "true"]] as const) : []),
    ...(promotion.notBefore === null ? [] : ([["not_before", screen.time(promotion.notBefore)]] as const)),
    ...(promotion.expiresAt === null ? [] : ([["expires_at", screen.time(promotion.expiresAt)]] as const)),
    ...(promotion.endReason === null ? [] : ([["end_reason", singleLine(promotion.endReason)]] as const)),
    ["build", promotion.build.id],
    ["commit", promotion.build.commit.sha],
    ["by", `${singleLine(promotion.createdBy.name)} (${lower(promotion.createdBy.role)})`],
    ["created_at", screen.time(promotion.createdAt)],
    ["updated_at", screen.time(promotion.updatedAt)],
  ]);
  if (promotion.waves.length > 1) showWaves(screen, promotion);
  else for (const line of waitingLines(promotion, Date.now())) screen.line(line.trim());
  for (const { app, checks } of promotion.targets) {
    for (const { context, state } of checks) {
      screen.line(`${appLabel(app, paint)} required ${check(context, state, paint)}`);
    }
  }
}

/** Draws the waves: a line for each, followed by its targets and blockers. */
function showWaves(screen: Screen, { waves, targets }: PromotionFragment): void {
  waves.forEach((wave, index) => {
    const last = index === waves.length - 1;
    screen.line(`${last ? "└─" : "├─"} wave ${wave.number}  ${phase(wave.phase, screen.paint)}`);
    const side = last ? "   " : "│  ";
    for (const { id } of wave.targets) {
      const target = targets.find((one) => one.id === id);
      if (target !== undefined) screen.line(`${side}${appLabel(target.app, screen.paint)}  ${outcome(screen, target)}`);
    }
    for (const line of waitingLines(wave, Date.now())) screen.line(`${side}${line.trim()}`);
  });
}

/**
 * Prints a promotion plan and its blockers.
 *
 * @param override the command that forces it
 * @param waits whether the promotion may wait for blockers that can be cleared
 */
export function showPlan(screen: Screen, plan: PlanFragment, override: string, waits: boolean): void {
  const { paint } = screen;
  screen.line(`= ${heading(plan.pipeline.name, plan.from, plan.to)}`);
  if (plan.source !== null && plan.release !== null) {
    const { version, id, build } = plan.release;
    const what = `v${version} ${paint.yellow(shortSha(build))}`;
    screen.line(`Would promote: ${appLabel(plan.source, paint)} ${what} (Release: ${id})`);
  }
  plan.targets.forEach(({ app, currentRelease, upToDate, checks }, index) => {
    const current = currentRelease === null ? "no release" : `runs v${currentRelease.version}`;
    const details = [
      upToDate ? `already ${current} of this build` : current,
      ...checks.map((one) => check(one.context, one.state, paint)),
    ];
    screen.line(`${index === 0 ? "To: " : "    "}${appLabel(app, paint)}  ${details.join("  ")}`);
  });
  if (plan.promotable) {
    screen.line(paint.green("Ready to promote."));
    return;
  }
  if (waits && plan.wouldWait) {
    screen.line(paint.yellow("The promotion would wait for:"));
    for (const line of waitingLines(plan, Date.now())) screen.line(line);
    return;
  }
  screen.line(paint.red("The promotion would be refused:"));
  for (const line of explainBlockers(plan.blockers, { ...planHints(plan), override })) {
    screen.line(screen.reader === "terminal" && !line.startsWith("  ") ? wrapWords(line, screen.width) : line);
  }
}

/** The names and ids of a plan that complete the suggested commands. */
export function planHints({ release, pipeline, source, to }: PlanFragment): BlockerHints {
  return { release: release?.id, pipeline: pipeline.name, source: source?.name, nextStage: to ?? undefined };
}
