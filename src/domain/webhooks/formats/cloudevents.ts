import type { EventFacts } from "../facts.js";
import type { Content, Format } from "./format.js";
import { eventData, json } from "./railyard.js";

/* CloudEvents 1.0, HTTP binding, structured mode: https://github.com/cloudevents/spec */

/** The installation, as a URI reference. */
export function toSource(publicUrl: string | null): string {
  return publicUrl ?? "/railyard";
}

/** The subject of an event: its app, build or pipeline, otherwise its cursor. */
export function toSubject({ event, app, pipeline, build }: EventFacts): string {
  if (app !== null) return app.name;
  if (build !== null) return build.id;
  return pipeline?.name ?? event.cursor;
}

function envelope(id: string, type: string, time: Date, source: string, more: object): Content {
  const attributes = { specversion: "1.0", id, source, type, time: time.toISOString() };
  return json("application/cloudevents+json; charset=utf-8", {
    ...attributes,
    datacontenttype: "application/json",
    ...more,
  });
}

export const CLOUDEVENTS: Format = {
  types: null,
  event(facts, publicUrl) {
    const { cursor, type, occurredAt } = facts.event;
    const more = { subject: toSubject(facts), data: eventData(facts, publicUrl) };
    return envelope(cursor, `dev.railyard.${type.toLowerCase()}`, occurredAt, toSource(publicUrl), more);
  },
  test({ id, now, summary }, publicUrl) {
    return envelope(id, "dev.railyard.test", now, toSource(publicUrl), { data: { summary } });
  },
};
