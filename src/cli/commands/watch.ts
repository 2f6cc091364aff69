import type { Command } from "commander";
import { follow } from "../api/follow.js";
import {
  EventsDocument,
  type EventsSubscription,
  LogEndDocument,
  type PromotionEventFragment,
} from "../api/generated.js";
import { define, option } from "../command.js";
import { EXIT } from "../exit.js";
import { appLabel, lower, phase, singleLine } from "../output/format.js";
import type { Paint } from "../output/paint.js";
import type { Screen } from "../output/screen.js";
import { onInterrupt } from "../terminal/interrupt.js";

/** One entry of the event log. */
type LogEvent = EventsSubscription["event"];

export function addWatch(program: Command): void {
  define<{ app?: string; since?: string }>(
    program,
    {
      usage: "watch [pipeline]",
      about: "Print live events until interrupted",
      examples: ["watch", "watch myapp --app myapp-space-prod", "watch --since ZXZlbnQ6NDI --json | jq .type"],
      notes: [
        "Reconnects automatically and resumes after the last event. When interrupted, prints the cursor for --since on\n" +
          "stderr. Columns in a pipe: cursor, time, type, pipeline, actor, description. Except with --json, prints only the\n" +
          "target events of a promotion, and not the release events of the same changes.",
      ],
      options: [
        option("-a, --app <app>", "only events of this app"),
        option("--since <cursor>", "start after this cursor and replay the events since"),
      ],
    },
    async ({ api, connection, screen, args: [pipeline], options: { app, since } }) => {
      const interrupt = onInterrupt();
      // Start from an explicit cursor. Otherwise events would be missed if the first connection is lost.
      let cursor = since ?? (await api.run(LogEndDocument, {})).events.pageInfo.endCursor ?? undefined;
      const notice = (text: string) => screen.note(text);
      const following = {
        after: cursor,
        signal: interrupt.signal,
        notice,
        reconnectTimeoutMs: Number.POSITIVE_INFINITY,
      };
      if (screen.interactive) screen.note(screen.paint.dim("Watching. Press Ctrl-C to stop."));
      for await (const event of follow(connection, EventsDocument, { pipeline, app }, following)) {
        cursor = event.cursor;
        if (screen.reader === "json" || !isRepeated(event)) print(screen, event);
      }
      if (cursor !== undefined) screen.note(`Resume with --since ${cursor}`);
      return EXIT.done;
    },
  );
}

/**
 * Whether another event reports the same change. A promotion reports each phase of a target both as
 * PROMOTION_TARGET_CHANGED and as an event of the target's release.
 */
function isRepeated(event: LogEvent): boolean {
  if (event.type === "RELEASE_CANCEL_REQUESTED" || RELEASE_VERBS[event.type] !== undefined) return false;
  return event.__typename === "ReleaseEvent" && event.release.trigger === "PROMOTION";
}

function print(screen: Screen, event: LogEvent): void {
  const { paint, reader } = screen;
  if (reader === "json") {
    screen.document(event, true);
    return;
  }
  const pipeline = event.pipeline?.name ?? "";
  const by = singleLine(event.actor.name);
  if (reader === "pipe") {
    const columns = [event.cursor, event.occurredAt, event.type, pipeline, by, describeEvent(event, paint)];
    screen.line(columns.join("\t"));
    return;
  }
  const time = new Date(event.occurredAt).toLocaleTimeString("en-GB");
  const where = pipeline === "" ? "" : `${paint.bold(pipeline)}  `;
  screen.line(`${paint.dim(time)}  ${where}${describeEvent(event, paint)}${paint.dim(`  by ${by}`)}`);
}

/** ` (forced: hotfix)`; empty if it was not forced. */
function override({ forced, forceReason }: Pick<PromotionEventFragment, "forced" | "forceReason">): string {
  return forced ? ` (forced: ${singleLine(forceReason ?? "")})` : "";
}

/** The verb for events of promotions that `describeEvent` does not describe in another way. */
const PROMOTION_VERBS: Readonly<Partial<Record<LogEvent["type"], string>>> = {
  PROMOTION_WAITING: "waits",
  PROMOTION_PAUSED: "was paused",
  PROMOTION_RESUMED: "was resumed",
  ROLLOUT_STOPPED: "stopped: too many targets failed",
};

/** The verb for events of releases that are not described by the phase. */
const RELEASE_VERBS: Readonly<Partial<Record<LogEvent["type"], string>>> = {
  RELEASE_VERIFIED: "verified",
  VERIFICATION_FAILED: "verification failed",
  AUTOMATIC_ROLLBACK: "rolled back automatically",
};

/** Describes an event in one line. */
function describeEvent(event: LogEvent, paint: Paint): string {
  switch (event.__typename) {
    case "PromotionEvent": {
      const { promotion, target, targetPhase, promotionPhase } = event;
      const what = `${appLabel(promotion.source, paint)} v${promotion.release.version}`;
      if (target !== null && targetPhase !== null) {
        const version = target.release === null ? "" : ` v${target.release.version}`;
        return `${appLabel(target.app, paint)}${version} ${phase(targetPhase, paint)}, promoted from ${what}`;
      }
      const to = lower(promotion.to);
      if (event.type === "PROMOTION_FINISHED") return `promotion of ${what} to ${to} ${phase(promotionPhase, paint)}`;
      const names = promotion.targets.map(({ app }) => appLabel(app, paint)).join(", ");
      if (event.type === "PROMOTION_FORCED") return `promotion of ${what} to ${to} went past gates${override(event)}`;
      if (event.type === "PROMOTION_REVIEWED") return `promotion of ${what} to ${to} was reviewed`;
      if (event.wave !== null) {
        const verb = event.type === "PROMOTION_ADVANCED" ? "was advanced" : "began";
        return `wave ${event.wave} of the promotion of ${what} to ${to} ${verb}`;
      }
      const verb = PROMOTION_VERBS[event.type] ?? "started";
      return `promotion of ${what} to ${to} ${verb}${override(event)}: ${names}`;
    }
    case "ReleaseEvent": {
      const { release, releasePhase } = event;
      const what = `${appLabel(release.app, paint)} v${release.version} ${phase(releasePhase, paint)}`;
      const why =
        releasePhase === "FAILED" && release.failureReason !== null ? `: ${singleLine(release.failureReason)}` : "";
      const verb = RELEASE_VERBS[event.type];
      if (verb !== undefined) {
        return `${appLabel(release.app, paint)} v${release.version} ${verb}${event.problem === null ? "" : `: ${singleLine(event.problem)}`}`;
      }
      if (event.type === "RELEASE_CANCEL_REQUESTED") return `${what}: its deployer is asked to stop`;
      return event.type === "RELEASE_CREATED"
        ? `${what}: ${singleLine(release.description)}${override(event)}`
        : `${what}${why}`;
    }
    case "ReleaseStatusEvent": {
      const { release, context, state, previousState } = event;
      const before = previousState === null || previousState === state ? "" : ` (was ${lower(previousState)})`;
      return `${appLabel(release.app, paint)} v${release.version} ${singleLine(context)} ${lower(state)}${before}`;
    }
    case "ApprovalEvent": {
      const { promotion, rule, voidedBecause } = event;
      const what = `promotion of ${appLabel(promotion.source, paint)} v${promotion.release.version} to ${lower(promotion.to)}`;
      if (voidedBecause !== null) return `an approval of the ${what} does not count any more: ${lower(voidedBecause)}`;
      return `${what} ${event.type === "APPROVAL_GIVEN" ? "approved" : "rejected"} under ${singleLine(rule.name)}`;
    }
    case "ConfigEvent": {
      const verb = event.type === "CONFIG_READ" ? "read" : "changed";
      return `config of ${appLabel({ name: event.appName }, paint)} ${verb} at version ${event.configVersion}: ${event.keys.join(", ")}`;
    }
    case "ChangeEvent":
      return singleLine(event.summary);
  }
}
