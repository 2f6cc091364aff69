import type { LogEvent } from "../entities/history/event.js";

/**
 * The log has lost events that were delivered, for example in a failover to a standby that did not have them yet. Its
 * positions are assigned again, so a stream cannot go on from its own.
 */
export class LogRewound extends Error {
  override readonly name = "LogRewound";

  constructor() {
    super("The event log has lost its newest events. Read the current state again.");
  }
}

/** Whether two events at the same position are the same one. */
export function isSame(one: LogEvent, other: LogEvent): boolean {
  return one.position === other.position && JSON.stringify(one) === JSON.stringify(other);
}
