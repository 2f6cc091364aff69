import type { LogEvent } from "../../entities/history/event.js";

/**
 * The log has lost events that were already delivered, for example in a failover to a standby that had not received
 * them. Their positions are assigned again, so a stream cannot continue from its position.
 */
export class LogRewound extends Error {
  override readonly name = "LogRewound";

  constructor() {
    super("The event log has lost its newest events. Read the current state again.");
  }
}

/** Whether two events are the same, including their position. */
export function isSame(one: LogEvent, other: LogEvent): boolean {
  return one.position === other.position && JSON.stringify(one) === JSON.stringify(other);
}
