import type { SeenRepository } from "../../../domain/builds/repository-names.js";
import { LIMITS } from "../../../domain/core/input.js";
import { Refusal } from "../../../domain/core/refusal.js";
import { normalizeText } from "../../../domain/core/values/normalize.js";
import { parseRepository } from "../../../domain/core/values/repository-address.js";
import { ENVELOPE } from "./payloads.js";

/** The fields that are read from the payload of every event. */
export interface Envelope {
  readonly action: string | null;
  /** Null if the event has no repository, or its URL cannot be parsed. */
  readonly repository: SeenRepository | null;
}

export function readEnvelope(event: string, payload: unknown): Envelope {
  const { action, repository, changes } = ENVELOPE.parse(payload);
  const name = repository == null ? null : parseName(repository.html_url);
  if (repository == null || name === null) return { action: normalizeText(action, LIMITS.name), repository: null };
  const [host = "", owner = "", base = ""] = name.split("/");
  const at = new Date(repository.updated_at ?? "");
  const isRename = event === "repository" && (action === "renamed" || action === "transferred");
  const formerOwner = changes?.owner?.from.user ?? changes?.owner?.from.organization;
  const former = `${host}/${formerOwner?.login ?? owner}/${changes?.repository?.name.from ?? base}`;
  return {
    action: normalizeText(action, LIMITS.name),
    repository: {
      name,
      id: repository.id == null ? null : `${host}:${repository.id}`,
      at: Number.isNaN(at.getTime()) ? null : at,
      formerly: isRename ? parseName(former) : null,
    },
  };
}

function parseName(url: string): string | null {
  try {
    return parseRepository("repository", url);
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}
