import { operation } from "./client.js";
import { EVENT, PROMOTION_EVENT } from "./fragments.js";
import type * as model from "./model.js";

interface BaseEvent {
  readonly cursor: string;
  readonly type: string;
  readonly occurredAt: string;
  readonly actor: model.Actor;
  readonly pipelineId: string | null;
  readonly pipeline: { readonly name: string } | null;
}

type AppName = { readonly name: string } | null;

export interface PromotionEvent extends BaseEvent {
  readonly __typename: "PromotionEvent";
  readonly promotionPhase: model.PromotionPhase;
  readonly targetPhase: model.ReleasePhase | null;
  readonly promotion: {
    readonly id: string;
    readonly from: model.Stage;
    readonly to: model.Stage;
    readonly source: AppName;
    readonly release: { readonly version: number };
    readonly targets: readonly { readonly app: AppName }[];
  };
  readonly target: {
    readonly app: AppName;
    readonly failureReason: string | null;
    readonly release: { readonly id: string; readonly version: number };
  } | null;
}

export interface ReleaseEvent extends BaseEvent {
  readonly __typename: "ReleaseEvent";
  readonly releasePhase: model.ReleasePhase;
  readonly release: {
    readonly id: string;
    readonly version: number;
    readonly trigger: model.Release["trigger"];
    readonly description: string;
    readonly failureReason: string | null;
    readonly app: { readonly name: string };
    readonly build: { readonly commit: { readonly sha: string } };
  };
}

export interface ReleaseStatusEvent extends BaseEvent {
  readonly __typename: "ReleaseStatusEvent";
  readonly context: string;
  readonly state: model.StatusState;
  readonly previousState: model.StatusState | null;
  readonly release: { readonly id: string; readonly version: number; readonly app: { readonly name: string } };
}

export interface ChangeEvent extends BaseEvent {
  readonly __typename: "ChangeEvent";
  readonly subjectId: string;
  readonly subjectName: string;
  readonly summary: string;
}

/** One entry of the event log. */
export type LogEvent = PromotionEvent | ReleaseEvent | ReleaseStatusEvent | ChangeEvent;

interface After {
  readonly after?: string | undefined;
}

export const EVENTS = operation<
  { event: LogEvent },
  After & { pipeline?: string | undefined; app?: string | undefined }
>(
  `subscription Events($pipeline: ID, $app: ID, $after: EventCursor) {
    event: events(pipeline: $pipeline, app: $app, after: $after) { ${EVENT} } }`,
);

export const PROMOTION_EVENTS = operation<{ event: PromotionEvent }, After & { promotion: string }>(
  `subscription PromotionEvents($promotion: ID!, $after: EventCursor) {
    event: promotionEvents(promotion: $promotion, after: $after) { ${PROMOTION_EVENT} } }`,
);
