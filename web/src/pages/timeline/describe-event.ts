import type { EventLineFragment } from "../../gql/graphql";
import type { StateName } from "../../ui/icons/icons";
import { readable, STAGE_NAMES, shortSha } from "../../ui/text/format";
import { phaseWord } from "../../ui/text/phase";

export interface EventText {
  readonly icon: StateName;
  readonly text: string;
  /** A page that shows more; null if the event has no page. */
  readonly link: string | null;
  readonly detail: string | null;
}

const TRIGGERS: Readonly<Record<string, string>> = {
  DEPLOY: "released",
  AUTO_DEPLOY: "deployed automatically",
  PROMOTION: "promoted",
  ROLLBACK: "rolled back",
  CONFIG: "released with new config",
};

/** Nothing turns in a list of the past. */
const RELEASE_ICONS: Readonly<Record<string, StateName>> = {
  QUEUED: "queued",
  DEPLOYING: "queued",
  SUCCEEDED: "good",
  FAILED: "bad",
};

/** What an event says of a promotion, besides its phase. */
const PROMOTION_WORDS: Readonly<Record<string, string>> = {
  PROMOTION_STARTED: "started",
  PROMOTION_FORCED: "went past gates",
  PROMOTION_REVIEWED: "was reviewed",
  PROMOTION_WAVE_STARTED: "began a wave",
  PROMOTION_ADVANCED: "was let into the next wave",
  PROMOTION_PAUSED: "was paused",
  PROMOTION_RESUMED: "was resumed",
  ROLLOUT_STOPPED: "stopped after failures",
};

/** An event as a sentence. */
export function describeEvent(event: EventLineFragment): EventText {
  switch (event.__typename) {
    case "ReleaseEvent":
      return describeReleaseEvent(event);
    case "ReleaseStatusEvent": {
      const { context, state, release } = event;
      return {
        icon: state === "SUCCESS" ? "good" : state === "PENDING" ? "pending" : "bad",
        text: `${context} reported ${state.toLowerCase()} on ${release.app.name} v${release.version}`,
        link: `/apps/${release.app.name}`,
        detail: null,
      };
    }
    case "ApprovalEvent": {
      const { promotion, rule, approval, type, voidedBecause } = event;
      const name = `promotion of ${promotion.source?.name ?? "a deleted app"} to ${STAGE_NAMES[promotion.to].toLowerCase()}`;
      const isVoid = type === "APPROVAL_VOIDED";
      return {
        icon: isVoid ? "none" : type === "APPROVAL_REJECTED" ? "bad" : "good",
        text: isVoid
          ? `Approval of the ${name} stopped counting: ${phaseWord(voidedBecause ?? "")}`
          : `${type === "APPROVAL_REJECTED" ? "Rejected" : "Approved"} the ${name} under ${rule.name}`,
        link: `/promotions/${promotion.id}`,
        detail: isVoid ? null : approval.comment,
      };
    }
    case "PromotionEvent": {
      const { promotion, target, targetPhase, promotionPhase, type, forced, forceReason } = event;
      const name = `Promotion of ${promotion.source?.name ?? "a deleted app"} to ${STAGE_NAMES[promotion.to].toLowerCase()}`;
      const isTarget = target !== null && targetPhase !== null;
      const text = isTarget
        ? `${name}: ${target.app?.name ?? "a deleted app"} ${phaseWord(targetPhase)}`
        : `${name} ${PROMOTION_WORDS[type] ?? phaseWord(promotionPhase)}`;
      const phase: string = isTarget ? targetPhase : promotionPhase;
      return {
        icon: RELEASE_ICONS[phase] ?? (phase === "IN_PROGRESS" ? "queued" : "pending"),
        text,
        link: `/promotions/${promotion.id}`,
        detail: forced && type === "PROMOTION_STARTED" ? `Forced: ${forceReason}` : null,
      };
    }
    case "ConfigEvent": {
      const { appName, keys, configVersion, type } = event;
      const what = type === "CONFIG_READ" ? "secrets read" : `changed to version ${configVersion}`;
      return { icon: "none", text: `Config of ${appName} ${what}`, link: `/apps/${appName}`, detail: keys.join(", ") };
    }
    default: {
      // Newer services may have other kinds of events.
      const { type, summary } = event as { readonly type: string; readonly summary?: string };
      return {
        icon: type === "ACCESS_DENIED" ? "bad" : "none",
        text: summary !== undefined ? readable(summary) : type.toLowerCase().replaceAll("_", " "),
        link: null,
        detail: null,
      };
    }
  }
}

type ReleaseEvent = Extract<EventLineFragment, { readonly __typename: "ReleaseEvent" }>;

/** What an event says of a release, besides its phase, with an icon. */
const RELEASE_WORDS: Readonly<Record<string, readonly [StateName, string]>> = {
  RELEASE_CANCEL_REQUESTED: ["queued", "is asked to stop"],
  RELEASE_VERIFIED: ["good", "was verified"],
  VERIFICATION_FAILED: ["bad", "failed its verification"],
  AUTOMATIC_ROLLBACK: ["bad", "is an automatic rollback"],
};

function describeReleaseEvent(event: ReleaseEvent): EventText {
  const { release, releasePhase, forced, forceReason, problem, type } = event;
  const { app, version, build, trigger, failureReason } = release;
  const isNew = type === "RELEASE_CREATED";
  const created = `${TRIGGERS[trigger] ?? trigger.toLowerCase()} ${shortSha(build.commit.sha)}`;
  const [icon, word] = RELEASE_WORDS[type] ?? [RELEASE_ICONS[releasePhase] ?? "none", phaseWord(releasePhase)];
  return {
    icon,
    text: `${app.name} v${version} ${isNew ? created : word}`,
    link: `/apps/${app.name}`,
    detail:
      forced && isNew ? `Forced: ${forceReason}` : (problem ?? (releasePhase === "FAILED" ? failureReason : null)),
  };
}
