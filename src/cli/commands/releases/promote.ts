import type { Command } from "commander";
import { Blocked, isGate } from "../../api/client.js";
import {
  LogEndDocument,
  PromoteDocument,
  type PromoteInput,
  PromotionDocument,
  type PromotionFragment,
  type PromotionPhase,
  PromotionPlanDocument,
  STAGE_VALUES,
  type Stage,
} from "../../api/generated.js";
import { findReleaseId } from "../../api/references.js";
import {
  type CommandCall,
  type CommandResult,
  define,
  enumOption,
  idempotencyOption,
  listOption,
  option,
} from "../../command.js";
import { EXIT, type ExitCode, wrongUsage } from "../../exit.js";
import { type OverrideFlags, overrideOptions, requireReason } from "../../options/override.js";
import { appLabel, lower, shellQuote } from "../../output/format.js";
import { startProgress } from "../../output/progress.js";
import { planHints, showPlan, showPromotion } from "../../output/promotions.js";
import { endLine, waitingLines } from "../../output/waiting.js";
import { type ConfirmOptions, canAsk, confirm, yesOption } from "../../terminal/confirm.js";
import { onInterrupt } from "../../terminal/interrupt.js";
import { watchTargets } from "./watch-targets.js";

interface Options extends OverrideFlags, ConfirmOptions {
  readonly app?: string;
  readonly pipeline?: string;
  readonly stage?: Stage;
  readonly to?: string[];
  readonly release?: string;
  readonly skipUpToDate?: boolean;
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  readonly whenReady?: boolean;
  readonly notBefore?: string;
  readonly expiresIn?: string;
  readonly idempotencyKey?: string;
}

export function addPromote(program: Command): void {
  define<Options>(
    program,
    {
      usage: "pipelines:promote",
      alias: "promote",
      about: "Promote a release of an app to the apps of the next stage",
      examples: [
        "pipelines:promote -a myapp-space-dev",
        "promote -a myapp-space-dev --dry-run",
        "promote -a myapp-space-stg -t myapp-eu -r v12 --wait",
        "promote -p myapp -s staging",
        "promote -a myapp-space-stg --force --reason 'hotfix, QA is informed'",
        "promote -a myapp-space-stg --when-ready --not-before 2027-01-01T22:00:00Z",
      ],
      notes: [
        "Promotes the current release to all apps of the next stage unless -r or -t is given. With -p and -s instead of -a,\n" +
          "promotes from the first app of the stage that has a release.",
        "On a terminal, asks for confirmation if every target already runs the build; --yes skips the question.",
        "With --when-ready, waits for what can be cleared instead of being refused: the service admits the promotion when nothing\n" +
          "blocks it any more, also if this command has ended. --not-before implies it.",
        "Exit codes: 3 if required checks or other gates block the promotion, 4 if it finished but not all targets succeeded.",
      ],
      options: [
        option("-a, --app <app>", "the source app, by name or id"),
        option("-p, --pipeline <pipeline>", "instead of -a: the pipeline to promote in"),
        enumOption("-s, --stage <stage>", "instead of -a: the stage to promote from", STAGE_VALUES),
        listOption("-t, --to <app...>", "target apps in the next stage"),
        option("-r, --release <release>", "release of the source app: id, v3 or previous"),
        option("--skip-up-to-date", "leave out targets that already run the build"),
        option("--dry-run", "show the plan and its blockers without promoting"),
        ...overrideOptions(),
        yesOption(),
        option("--when-ready", "wait for what blocks the promotion, if it can be cleared"),
        option("--not-before <time>", "earliest time to promote at, for example 2027-01-01T22:00:00Z"),
        option("--expires-in <duration>", "how long it may wait, for example 12h; 72h if left out"),
        option("--wait", "wait until the promotion has finished"),
        idempotencyOption(),
      ],
    },
    async (call) => {
      const input = await parseInput(call);
      if (call.options.dryRun === true) return plan(call, input);
      await confirmRepetition(call, input);
      try {
        return await (call.options.wait === true ? promoteAndWait(call, input) : promote(call, input));
      } catch (error) {
        throw error instanceof Blocked ? await completeHints(call, input, error) : error;
      }
    },
  );
}

async function parseInput({ api, options }: CommandCall<Options>): Promise<PromoteInput> {
  const { app, pipeline, stage, to: targets, skipUpToDate, force, reason, idempotencyKey } = options;
  if (app === undefined && (pipeline === undefined || stage === undefined)) {
    throw wrongUsage("Specify what to promote: -a APP, or -p PIPELINE and -s STAGE.");
  }
  requireReason(options, "promotion");
  const { whenReady, expiresIn } = options;
  const at = options.notBefore === undefined ? undefined : new Date(options.notBefore);
  if (Number.isNaN(at?.getTime())) {
    throw wrongUsage(`--not-before must be a time, for example 2027-01-01T22:00:00Z; got "${options.notBefore}".`);
  }
  const release = options.release === undefined ? undefined : await findReleaseId(api, options.release, app);
  const waiting = { whenReady, notBefore: at?.toISOString(), expiresIn };
  return { app, pipeline, stage, targets, skipUpToDate, force, reason, release, ...waiting, idempotencyKey };
}

async function plan({ api, options }: CommandCall<Options>, input: PromoteInput): Promise<CommandResult> {
  const { promotionPlan } = await api.run(PromotionPlanDocument, { input });
  const waits = options.whenReady === true || options.notBefore !== undefined;
  const refused = promotionPlan.blockers.some(isGate) ? EXIT.blocked : EXIT.refused;
  return {
    document: promotionPlan,
    text: (screen) => showPlan(screen, promotionPlan, overrideCommand(options), waits),
    exit: promotionPlan.promotable || (waits && promotionPlan.wouldWait) ? EXIT.done : refused,
  };
}

/** On a terminal, asks for confirmation if all targets already run the build: the promotion would change nothing. */
async function confirmRepetition({ api, options }: CommandCall<Options>, input: PromoteInput): Promise<void> {
  if (options.yes === true || input.skipUpToDate === true || !canAsk()) return;
  const { promotable, targets } = (await api.run(PromotionPlanDocument, { input })).promotionPlan;
  if (!promotable || !targets.every((target) => target.upToDate)) return;
  const [first, ...others] = targets.map(({ app }) => app.name);
  const subject = others.length === 0 ? `${first} already runs` : `All ${targets.length} targets already run`;
  await confirm(options, `${subject} this build. Release it again?`);
}

/** Reads the plan for the names and ids of the suggested commands. */
async function completeHints({ api, options }: CommandCall<Options>, input: PromoteInput, blocked: Blocked) {
  const override = overrideCommand(options);
  const planned = await api.run(PromotionPlanDocument, { input }).catch(() => null);
  return blocked.withHints({ ...(planned === null ? {} : planHints(planned.promotionPlan)), override });
}

/** The command that repeats the promotion with `--force`. */
function overrideCommand({ app, pipeline, stage, to = [], release, skipUpToDate }: Options): string {
  const words = [
    ...(app === undefined ? ["-p", pipeline ?? "", "-s", lower(stage ?? "")] : ["-a", app]),
    ...to.flatMap((target) => ["-t", target]),
    ...(release === undefined ? [] : ["-r", release]),
    ...(skipUpToDate === true ? ["--skip-up-to-date"] : []),
  ];
  return `railyard promote ${words.map(shellQuote).join(" ")} --force --reason TEXT`;
}

/** `Promoting app ⬢ myapp-space-dev ...` */
function announcement({ screen, options }: CommandCall<Options>): string {
  if (options.app !== undefined) return `Promoting app ${appLabel({ name: options.app }, screen.paint)} ...`;
  return `Promoting ${lower(options.stage ?? "")} of ${options.pipeline} ...`;
}

async function promote(call: CommandCall<Options>, input: PromoteInput): Promise<CommandResult> {
  const progress = await startProgress(call.screen, announcement(call));
  try {
    const { promotion } = (await call.api.run(PromoteDocument, { input })).promote;
    return reportOutcome(call, promotion, false);
  } finally {
    progress.stop();
  }
}

async function promoteAndWait(call: CommandCall<Options>, input: PromoteInput): Promise<CommandResult | ExitCode> {
  const { api, screen } = call;
  const progress = await startProgress(screen, announcement(call));
  const interrupt = onInterrupt();
  try {
    // Read the cursor before promoting, so that no event is missed.
    const { endCursor } = (await api.run(LogEndDocument, {})).events.pageInfo;
    const { promotion } = (await api.run(PromoteDocument, { input })).promote;
    if (promotion.phase === "IN_PROGRESS" || promotion.phase === "WAITING") {
      await watchTargets(call, promotion, {
        ...{ heading: announcement(call), after: endCursor ?? undefined, progress, signal: interrupt.signal },
      });
    }
    if (interrupt.signal.aborted) {
      progress.stop();
      screen.note(`The promotion continues. Show its progress with \`railyard promotions:info ${promotion.id}\`.`);
      return EXIT.interrupted;
    }
    return reportOutcome(call, (await api.run(PromotionDocument, { id: promotion.id })).promotion ?? promotion, true);
  } finally {
    interrupt.release();
    progress.stop();
  }
}

/** The phases of promotions that ended before they started, and the exit code: 3 if gates did not let them through. */
const NOT_STARTED: Readonly<Partial<Record<PromotionPhase, ExitCode>>> = {
  EXPIRED: EXIT.blocked,
  REJECTED: EXIT.blocked,
  CANCELLED: EXIT.notAllSucceeded,
  SUPERSEDED: EXIT.notAllSucceeded,
};

function reportOutcome(call: CommandCall<Options>, promotion: PromotionFragment, waited: boolean): CommandResult {
  const { phase } = promotion;
  const ended = NOT_STARTED[phase];
  const failed = ended !== undefined || phase === "FAILED" || phase === "PARTIALLY_SUCCEEDED";
  const open = phase === "IN_PROGRESS" || phase === "WAITING";
  return {
    document: promotion,
    text: (screen) => {
      const { paint } = screen;
      const mark = failed ? paint.red("✗") : open ? paint.yellow("…") : paint.green("✓");
      screen.line(`${announcement(call)} ${mark}`);
      showPromotion(screen, promotion, waited);
      if (ended !== undefined) screen.line(paint.red(endLine(promotion)));
      if (phase === "WAITING") {
        screen.line("Waits for:");
        for (const line of waitingLines(promotion, Date.now())) screen.line(line);
        screen.line(`Show it with \`railyard promotions:info ${promotion.id}\`.`);
      }
      if (phase === "IN_PROGRESS") {
        screen.line(`In progress. Show it with \`railyard promotions:info ${promotion.id}\`.`);
      }
    },
    exit: ended ?? (failed ? EXIT.notAllSucceeded : EXIT.done),
  };
}
