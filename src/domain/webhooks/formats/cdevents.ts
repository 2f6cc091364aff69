import type { Build } from "../../../entities/builds/build.js";
import { ChangeEvent } from "../../../entities/history/change-event.js";
import { ReleaseEvent } from "../../../entities/history/release-event.js";
import type { EventFacts } from "../facts.js";
import { toSource, toSubject } from "./cloudevents.js";
import type { Content, Format } from "./format.js";
import { eventData, json } from "./railyard.js";

/*
 * CDEvents 0.5.1 (https://cdevents.dev), bound to CloudEvents in binary mode: the body is the CDEvent, the headers are
 * the attributes of the CloudEvent. Events that the specification does not cover are custom events of the tool
 * `railyard`.
 */

const SPEC_VERSION = "0.5.1";
/** The version of the events of the specification that are sent. */
const EVENT_VERSION = "0.3.0";
const CUSTOM_VERSION = "0.1.0";

interface CdEvent {
  readonly type: string;
  readonly subject: { readonly id: string; readonly content: object };
}

/** The event of the specification; null if it has none. */
function standardEvent(facts: EventFacts): CdEvent | null {
  const { event, app, build, release, stage } = facts;
  if (event instanceof ReleaseEvent && event.releasePhase === "SUCCEEDED" && app && build && release) {
    const predicate = release.trigger === "ROLLBACK" ? "rolledback" : facts.isFirstRelease ? "deployed" : "upgraded";
    // An app outside every pipeline has no stage.
    const environment = { id: stage?.toLowerCase() ?? "none" };
    const content = { environment, artifactId: packageUrl(build) };
    return { type: `dev.cdevents.service.${predicate}.${EVENT_VERSION}`, subject: { id: app.name, content } };
  }
  if (event.type === "APP_DELETED" && event instanceof ChangeEvent)
    return { type: `dev.cdevents.service.removed.${EVENT_VERSION}`, subject: { id: event.subjectName, content: {} } };
  if (build !== null && findDigest(build) !== null && hasSucceeded(event))
    return {
      type: `dev.cdevents.artifact.published.${EVENT_VERSION}`,
      subject: { id: packageUrl(build), content: { user: event.actor.name } },
    };
  return null;
}

/**
 * Whether the event is the success of a build. Reports of statuses are BUILD_UPDATED events too, with another summary.
 */
function hasSucceeded(event: EventFacts["event"]): boolean {
  return (
    event instanceof ChangeEvent &&
    (event.type === "BUILD_CREATED" || event.type === "BUILD_UPDATED") &&
    event.summary.endsWith(" SUCCEEDED")
  );
}

/** `RELEASE_PHASE_CHANGED` is `railyard-releasephase.changed`. */
export function customType(type: string): string {
  const words = type.toLowerCase().split("_");
  return `dev.cdeventsx.railyard-${words.slice(0, -1).join("")}.${words.at(-1)}.${CUSTOM_VERSION}`;
}

/** A package URL (https://github.com/package-url/purl-spec): an image by its digest, or else the commit. */
function packageUrl(build: Build): string {
  const digest = findDigest(build);
  const location = (build.artifact ?? "")
    .replace(/^\w+:\/\//, "")
    .replace(/@.*$/, "")
    .replace(/:[\w.-]+$/, "");
  if (digest !== null && location !== "") {
    const name = location.split("/").at(-1) ?? location;
    return `pkg:oci/${encodeURIComponent(name.toLowerCase())}@${encodeURIComponent(digest)}?repository_url=${encodeURIComponent(location)}`;
  }
  const [host, ...path] = build.repository.split("/");
  const prefix = host === "github.com" ? "pkg:github/" : `pkg:generic/${host}/`;
  return `${prefix}${path.map(encodeURIComponent).join("/")}@${build.commitSha}`;
}

/** The digest of the artifact, as `sha256:…`; null if it is not known. */
function findDigest({ artifact, checksum }: Build): string | null {
  const text = `${checksum ?? ""} ${artifact ?? ""}`;
  return /\b(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})\b/i.exec(text)?.[1]?.toLowerCase() ?? null;
}

function content(id: string, time: Date, source: string, { type, subject }: CdEvent, customData?: object): Content {
  const context = { specversion: SPEC_VERSION, id, source, type, timestamp: time.toISOString() };
  const custom = customData === undefined ? {} : { customData, customDataContentType: "application/json" };
  const headers = {
    "ce-specversion": "1.0",
    "ce-id": id,
    "ce-source": encodeURI(source),
    "ce-type": type,
    "ce-subject": encodeURI(subject.id),
    "ce-time": time.toISOString(),
  };
  return json("application/json", { context, subject: { source, ...subject }, ...custom }, headers);
}

export const CDEVENTS: Format = {
  types: null,
  event(facts, publicUrl) {
    const { cursor, occurredAt, type } = facts.event;
    const source = toSource(publicUrl);
    const data = eventData(facts, publicUrl);
    const standard = standardEvent(facts);
    if (standard !== null) return content(cursor, occurredAt, source, standard, data);
    const custom = { type: customType(type), subject: { id: toSubject(facts), content: data } };
    return content(cursor, occurredAt, source, custom);
  },
  test({ id, now, summary }, publicUrl) {
    const custom = { type: customType("WEBHOOK_TESTED"), subject: { id, content: { summary } } };
    return content(id, now, toSource(publicUrl), custom);
  },
};
