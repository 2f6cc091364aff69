import { badInput } from "../../../domain/core/refusal.js";
import { EventType } from "../../../entities/history/event-type.js";

/* The entities of Heroku's webhooks, and the event types of each. */

/** The entities that Heroku has too, and those of Railyard. A type belongs to the first whose prefix it has. */
const ENTITIES: readonly (readonly [entity: string, prefixes: readonly string[]])[] = [
  ["api:app", ["APP_", "COUPLING_", "REVIEW_APP_"]],
  ["api:build", ["BUILD_"]],
  ["api:release-status", ["RELEASE_STATUS_"]],
  ["api:release", ["RELEASE_"]],
  ["api:promotion", ["PROMOTION_"]],
  ["api:pipeline", ["PIPELINE_"]],
];

/** The entity of a type of event. */
export function toEntity(type: string): string {
  const found = ENTITIES.find(([, prefixes]) => prefixes.some((prefix) => type.startsWith(prefix)));
  return found?.[0] ?? `api:${type.toLowerCase().replaceAll("_", "-")}`;
}

/**
 * The event types of a list of entities.
 *
 * @param isForApp true for the webhook of an app, which cannot send builds: a build belongs to no app
 * @throws Refusal BAD_USER_INPUT if an entity is unknown
 */
export function typesFor(include: readonly string[], isForApp: boolean): EventType[] {
  const types = Object.keys(EventType) as EventType[];
  return include.flatMap((entity) => {
    if (isForApp && entity === "api:build")
      throw badInput("include", "include api:build works for a pipeline only (-p): a build belongs to no app.");
    const found = types.filter((type) => toEntity(type) === entity);
    if (found.length > 0) return found;
    const known = [...new Set(types.map(toEntity))].filter((one) => !isForApp || one !== "api:build");
    throw badInput("include", `include must name entities that Railyard has: ${known.join(", ")}.`);
  });
}

/** The entities that a webhook sends. */
export function toEntities(types: readonly string[] | null): string[] {
  return [...new Set((types ?? Object.keys(EventType)).map(toEntity))];
}
