import { LRUCache } from "lru-cache";
import type { TimeInterval } from "../../../entities/gates/deployment-window.js";
import { type Activity, compileSchedule, type Schedule, type Timetable } from "./schedule.js";

/* Evaluates schedules. Compiled ones are cached, because gates evaluate the same windows repeatedly. */

/** The most compiled schedules in memory: more than the most windows. */
const MAX_COMPILED = 500;

const compiled = new LRUCache<string, Timetable>({ max: MAX_COMPILED });
/** By row, so that a page that evaluates a window for each app computes its key only once. */
const compiledOfRow = new WeakMap<Schedule, Timetable>();

/** @throws Error if the schedule cannot be evaluated, for example because the host lacks its time zone */
function findTimetable(schedule: Schedule): Timetable {
  const known = compiledOfRow.get(schedule) ?? compile(schedule);
  compiledOfRow.set(schedule, known);
  return known;
}

function compile({ kind, timeZone, recurrence, startDate, endDate, startTime, endTime }: Schedule): Timetable {
  const key = JSON.stringify([kind, timeZone, recurrence, startDate, endDate, startTime, endTime]);
  let timetable = compiled.get(key);
  if (timetable === undefined) {
    timetable = compileSchedule({ kind, timeZone, recurrence, startDate, endDate, startTime, endTime });
    compiled.set(key, timetable);
  }
  return timetable;
}

/** Whether a window is active, and until when. Throws as `compileSchedule` does. */
export function findActivity(schedule: Schedule, now: Date): Activity {
  return findTimetable(schedule).activityAt(now.getTime());
}

export interface Evaluation extends Activity {
  /** Why the schedule cannot be evaluated; null if it can. */
  readonly problem: string | null;
}

/**
 * As `findActivity`, but does not throw. A window that cannot be evaluated keeps the gate closed, whether it is ALLOW
 * or DENY.
 */
export function evaluateWindow(schedule: Schedule, now: Date): Evaluation {
  try {
    return { ...findActivity(schedule, now), problem: null };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { active: schedule.kind === "DENY", until: null, problem };
  }
}

/** Evaluates windows, for `loaders.computed`. */
export async function evaluateWindows(
  _reader: unknown,
  schedules: readonly Schedule[],
  now: Date,
): Promise<Evaluation[]> {
  return schedules.map((schedule) => evaluateWindow(schedule, now));
}

/** The next times at which a window is active, including the current one. */
export function listOccurrences(schedule: Schedule, now: Date, count: number): TimeInterval[] {
  const found: TimeInterval[] = [];
  if (count === 0) return found;
  for (const { start, end } of findTimetable(schedule).intervals(now.getTime())) {
    found.push({ startsAt: new Date(start), endsAt: new Date(end) });
    if (found.length === count) break;
  }
  return found;
}
