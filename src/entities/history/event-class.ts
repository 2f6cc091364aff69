import { ApprovalEvent } from "./approval-event.js";
import { ChangeEvent } from "./change-event.js";
import { ConfigEvent } from "./config-event.js";
import type { LogEvent } from "./event.js";
import type { EventType } from "./event-type.js";
import { PromotionEvent } from "./promotion-event.js";
import { ReleaseEvent, ReleaseStatusEvent } from "./release-event.js";

/** Returns the name of the event's GraphQL object type. */
export function eventTypeName(event: LogEvent): string {
  return eventClass(event.type).name;
}

/** Returns the class of the events of a type. */
export function eventClass(type: EventType): new () => LogEvent {
  switch (type) {
    case "PROMOTION_WAITING":
    case "PROMOTION_STARTED":
    case "PROMOTION_FORCED":
    case "PROMOTION_REVIEWED":
    case "PROMOTION_TARGET_CHANGED":
    case "PROMOTION_FINISHED":
    case "PROMOTION_WAVE_STARTED":
    case "PROMOTION_ADVANCED":
    case "PROMOTION_PAUSED":
    case "PROMOTION_RESUMED":
    case "ROLLOUT_STOPPED":
      return PromotionEvent;
    case "APPROVAL_GIVEN":
    case "APPROVAL_REJECTED":
    case "APPROVAL_VOIDED":
      return ApprovalEvent;
    case "RELEASE_STATUS_REPORTED":
      return ReleaseStatusEvent;
    case "RELEASE_CREATED":
    case "RELEASE_PHASE_CHANGED":
    case "RELEASE_CANCEL_REQUESTED":
    case "RELEASE_VERIFIED":
    case "VERIFICATION_FAILED":
    case "AUTOMATIC_ROLLBACK":
      return ReleaseEvent;
    case "CONFIG_CHANGED":
    case "CONFIG_READ":
      return ConfigEvent;
    default:
      return ChangeEvent;
  }
}
