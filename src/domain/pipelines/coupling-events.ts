import type { EventType } from "../../entities/history/event-type.js";
import type { App } from "../../entities/pipelines/app.js";
import type { Coupling } from "../../entities/pipelines/coupling.js";
import { changed, type EventDraft } from "../../events/draft.js";

/** A coupling's event: its subject is the coupling, under its app's name. */
export function couplingEvent(type: EventType, coupling: Coupling, app: App, summary: string): EventDraft {
  return changed(type, { id: coupling.id, name: app.name }, summary, { pipelineId: coupling.pipelineId, app });
}

export function couplingRemoved(coupling: Coupling, app: App, pipelineName: string): EventDraft {
  return couplingEvent(
    "COUPLING_REMOVED",
    coupling,
    app,
    `${app.name} removed from ${coupling.stage} of ${pipelineName}`,
  );
}
