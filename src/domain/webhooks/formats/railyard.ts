import { ChangeEvent } from "../../../entities/history/change-event.js";
import { ConfigEvent } from "../../../entities/history/config-event.js";
import { PromotionEvent } from "../../../entities/history/promotion-event.js";
import { ReleaseEvent, ReleaseStatusEvent } from "../../../entities/history/release-event.js";
import { type EventFacts, linkTo, summarize } from "../facts.js";
import type { Content, Format } from "./format.js";

/**
 * The data of an event: ids, names, phases, the actor, a summary, a link and the cursor. Never a value that may be
 * secret.
 */
export function eventData(facts: EventFacts, publicUrl: string | null): Record<string, unknown> {
  const { event, pipeline, app, release, build, promotion, target } = facts;
  return {
    cursor: event.cursor,
    summary: summarize(facts),
    url: linkTo(publicUrl, facts),
    actor: { name: event.actor.name, role: event.actor.role },
    ...(event.pipelineId !== null && { pipeline: { id: event.pipelineId, name: pipeline?.name ?? null } }),
    ...(app !== null && { app: { id: app.id, name: app.name } }),
    ...(build !== null && {
      build: { id: build.id, phase: build.phase, repository: build.repository, commit: build.commitSha },
    }),
    ...(release !== null && { release: { id: release.id, version: release.version, trigger: release.trigger } }),
    ...(promotion !== null && { promotion: { id: promotion.id, from: promotion.from, to: promotion.to } }),
    ...(target !== null && { target: { app: { id: target.id, name: target.name } } }),
    ...details(event),
  };
}

/** The fields of a type of event, as they were then. */
function details(event: EventFacts["event"]): Record<string, unknown> {
  if (event instanceof PromotionEvent)
    return { phase: event.promotionPhase, targetPhase: event.targetPhase, ...override(event) };
  if (event instanceof ReleaseEvent) return { phase: event.releasePhase, ...override(event) };
  if (event instanceof ReleaseStatusEvent)
    return { status: { context: event.context, state: event.state, previousState: event.previousState } };
  if (event instanceof ConfigEvent) return { config: { version: event.configVersion, keys: event.keys } };
  if (event instanceof ChangeEvent) return { subject: { id: event.subjectId, name: event.subjectName } };
  return {};
}

function override({ forced, forceReason }: PromotionEvent | ReleaseEvent) {
  return { forced, reason: forceReason };
}

/** A body of JSON. */
export function json(contentType: string, value: unknown, headers: Record<string, string> = {}): Content {
  return { headers: { "content-type": contentType, ...headers }, body: JSON.stringify(value) };
}

/** The format that Standard Webhooks recommends: https://www.standardwebhooks.com */
export const RAILYARD: Format = {
  types: null,
  event(facts, publicUrl) {
    const { type, occurredAt } = facts.event;
    return json("application/json", { type, timestamp: occurredAt.toISOString(), data: eventData(facts, publicUrl) });
  },
  test({ now, summary }) {
    return json("application/json", { type: "TEST", timestamp: now.toISOString(), data: { summary } });
  },
};
