import { ChangeEvent } from "../../../entities/history/change-event.js";
import { PromotionEvent } from "../../../entities/history/promotion-event.js";
import { ReleaseEvent } from "../../../entities/history/release-event.js";
import { type EventFacts, linkTo, summarize } from "../facts.js";
import type { Content, Format } from "./format.js";
import { json } from "./railyard.js";

/* Messages in Slack's Block Kit, for an incoming webhook: https://api.slack.com/messaging/webhooks */

/** The most characters of a section, below Slack's 3,000: escaping may make text longer. */
const MAX_TEXT = 1_000;
/** The most blockers that a message lists. */
const MAX_BLOCKERS = 8;

/** The types that may get a message. Other events are not read. */
const TYPES = [
  ...["PROMOTION_WAITING", "PROMOTION_FINISHED", "PROMOTION_FORCED"],
  ...["RELEASE_CREATED", "RELEASE_PHASE_CHANGED"],
  ...["BUILD_QUARANTINED", "BUILD_RELEASED"],
  ...["FREEZE_STARTED", "FREEZE_EXTENDED", "FREEZE_ENDED", "FREEZE_EXEMPTED"],
];

interface Headline {
  readonly emoji: string;
  readonly title: string;
}

/**
 * The headline of a message. Null for events without a message: only waiting, finished and forced promotions, failed
 * and forced releases, quarantines and freezes have one.
 */
function toHeadline({ event, release }: EventFacts): Headline | null {
  if (event instanceof PromotionEvent) {
    const phase: string = event.promotionPhase;
    if (event.type === "PROMOTION_FINISHED") {
      if (phase === "SUCCEEDED") return { emoji: ":white_check_mark:", title: "Promotion finished" };
      const partly = phase === "PARTIALLY_SUCCEEDED" ? "Promotion partly failed" : "Promotion failed";
      return { emoji: ":x:", title: partly };
    }
    if (event.type === "PROMOTION_FORCED") return { emoji: ":rotating_light:", title: "Promotion forced" };
    return event.type === "PROMOTION_WAITING" ? { emoji: ":hourglass_flowing_sand:", title: "Promotion waits" } : null;
  }
  if (event instanceof ReleaseEvent) {
    // The releases of a promotion are part of its message.
    if (release?.promotionId != null) return null;
    if (event.type === "RELEASE_CREATED" && event.forced) return { emoji: ":rotating_light:", title: "Release forced" };
    return event.releasePhase === "FAILED" ? { emoji: ":x:", title: "Release failed" } : null;
  }
  if (event.type === "BUILD_QUARANTINED") return { emoji: ":no_entry:", title: "Build quarantined" };
  if (event.type === "BUILD_RELEASED") return { emoji: ":unlock:", title: "Quarantine ended" };
  if (event instanceof ChangeEvent && event.type.startsWith("FREEZE_"))
    return { emoji: ":snowflake:", title: event.type.endsWith("STARTED") ? "Freeze started" : "Freeze changed" };
  return null;
}

function message({ emoji, title }: Headline, text: string, context: readonly string[]): Content {
  const section = { type: "section", text: { type: "mrkdwn", text: `${emoji} *${escapeText(title)}*\n${text}` } };
  const elements = context.map((one) => ({ type: "mrkdwn", text: one }));
  const blocks = [section, ...(elements.length === 0 ? [] : [{ type: "context", elements }])];
  return json("application/json", { text: `${title}: ${text}`, blocks, unfurl_links: false });
}

/** https://api.slack.com/reference/surfaces/formatting#escaping */
function escapeText(text: string): string {
  const short = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text;
  return short.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function listBlockers({ blockers }: EventFacts): string[] {
  const more = blockers.length - MAX_BLOCKERS;
  return [
    ...blockers.slice(0, MAX_BLOCKERS).map((blocker) => `• ${blocker}`),
    ...(more > 0 ? [`• and ${more} more`] : []),
  ];
}

export const SLACK: Format = {
  types: TYPES,
  event(facts, publicUrl) {
    const headline = toHeadline(facts);
    if (headline === null) return null;
    const { event, pipeline, promotion, build } = facts;
    const link = linkTo(publicUrl, facts);
    const stages = promotion === null ? [] : [`${promotion.from} → ${promotion.to}`.toLowerCase()];
    const commit = build === null ? [] : [`\`${build.commitSha.slice(0, 7)}\``];
    return message(headline, escapeText([summarize(facts), ...listBlockers(facts)].join("\n")), [
      ...(pipeline === null ? [] : [`*${escapeText(pipeline.name)}*`]),
      ...stages.map(escapeText),
      ...commit,
      escapeText(`by ${event.actor.name}`),
      ...(link === null ? [] : [`<${escapeText(link)}|Open in Railyard>`]),
    ]);
  },
  test({ summary }, publicUrl) {
    const link = publicUrl === null ? [] : [`<${escapeText(`${publicUrl}/`)}|Open Railyard>`];
    return message({ emoji: ":wave:", title: "Test" }, escapeText(summary), link);
  },
};
