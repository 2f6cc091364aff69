import type { Plan, Promotion, Target } from "../api/model.js";
import { explainBlockers } from "./blockers.js";
import { appLabel, check, lower, phase, shortSha, singleLine } from "./format.js";
import type { Screen } from "./screen.js";

/* How promotions are told, in the words of the text. */

/** `= myapp pipeline (development -> staging)`, what was promoted, and to where. */
export function showPromotion(screen: Screen, promotion: Promotion, progressed: boolean): void {
  const { paint } = screen;
  const { pipeline, from, to, source, release, targets } = promotion;
  screen.line(`= ${heading(pipeline?.name ?? "(deleted)", from, to)}`);
  screen.line(`Promoted: ${appLabel(source, paint)} (Release: ${release.id})`);
  targets.forEach((target, index) => {
    const told = progressed || target.phase !== "SUCCEEDED" ? `  ${outcome(screen, target)}` : "";
    screen.line(`${index === 0 ? "To: " : "    "}${appLabel(target.app, paint)}${told}`);
  });
  if (promotion.forced) screen.line(`Forced: ${singleLine(promotion.reason ?? "")}`);
}

function heading(pipeline: string, from: string, to: string | null): string {
  return `${pipeline} pipeline (${lower(from)} -> ${lower(to ?? "nothing")})`;
}

/** `v2 succeeded`, or why not. */
export function outcome({ paint }: Screen, target: Pick<Target, "phase" | "release" | "failureReason">): string {
  const why = target.failureReason === null ? "" : `: ${singleLine(target.failureReason)}`;
  return `v${target.release.version} ${phase(target.phase, paint)}${why}`;
}

/** One promotion, whole. */
export function describePromotion(screen: Screen, promotion: Promotion): void {
  const { paint } = screen;
  showPromotion(screen, promotion, true);
  screen.line();
  screen.pairs([
    ["id", promotion.id],
    ["phase", phase(promotion.phase, paint)],
    ["build", promotion.build.id],
    ["commit", promotion.build.commit.sha],
    ["by", `${singleLine(promotion.createdBy.name)} (${lower(promotion.createdBy.role)})`],
    ["created_at", screen.time(promotion.createdAt)],
    ["updated_at", screen.time(promotion.updatedAt)],
  ]);
  for (const { app, checks } of promotion.targets) {
    for (const { context, state } of checks) {
      screen.line(`${appLabel(app, paint)} required ${check(context, state, paint)}`);
    }
  }
}

/** What a promotion would do, and everything that holds it back. */
export function showPlan(screen: Screen, plan: Plan): void {
  const { paint } = screen;
  screen.line(`= ${heading(plan.pipeline.name, plan.from, plan.to)}`);
  if (plan.source !== null && plan.release !== null) {
    const { version, id, build } = plan.release;
    const what = `v${version} ${paint.yellow(shortSha(build))}`;
    screen.line(`Would promote: ${appLabel(plan.source, paint)} ${what} (Release: ${id})`);
  }
  plan.targets.forEach(({ app, currentRelease, upToDate, checks }, index) => {
    const runs = currentRelease === null ? "runs nothing yet" : `runs v${currentRelease.version}`;
    const told = [
      upToDate ? `${runs}, the same build` : runs,
      ...checks.map((one) => check(one.context, one.state, paint)),
    ];
    screen.line(`${index === 0 ? "To: " : "    "}${appLabel(app, paint)}  ${told.join("  ")}`);
  });
  if (plan.promotable) {
    screen.line(paint.green("Nothing holds it back."));
    return;
  }
  const count = plan.blockers.length;
  screen.line(paint.red(`It would be refused, for ${count === 1 ? "one reason" : `${count} reasons`}:`));
  for (const line of explainBlockers(plan.blockers)) screen.line(line);
}
