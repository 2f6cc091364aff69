import type { ScopeIds } from "../../../entities/gates/gate-scope.js";
import { anyChangeLoosens, findLoosened, type Strictness } from "../strictness.js";
import type { Schedule } from "./schedule.js";

/*
 * What loosens a window. Its fields are compared in groups, because all fields of a schedule together decide which
 * times it covers. A DENY window is stricter if it covers more; an ALLOW window if it covers less.
 */

/** The fields that decide how strict a window is. */
export interface WindowRules extends Schedule {
  readonly scope: ScopeIds;
}

interface Groups {
  readonly kind: Schedule["kind"];
  readonly timeZone: string;
  readonly times: Omit<Schedule, "kind" | "timeZone">;
  readonly scope: ScopeIds;
}

const STRICTNESS: Readonly<Record<Schedule["kind"], Required<Strictness<Groups>>>> = {
  DENY: {
    kind: anyChangeLoosens,
    timeZone: anyChangeLoosens,
    times: (before, after) => !coversTimes(after, before),
    scope: (before, after) => !coversPlaces(after, before),
  },
  ALLOW: {
    kind: anyChangeLoosens,
    timeZone: anyChangeLoosens,
    times: (before, after) => !coversTimes(before, after),
    // Places that it no longer covers may be open at all times. Places that it newly covers get its times in addition
    // to those of other ALLOW windows.
    scope: (before, after) => !(coversPlaces(before, after) && coversPlaces(after, before)),
  },
};

/**
 * Whether the change may let through something that was blocked before.
 *
 * @param before null for a new window
 * @param after null for a window that is deleted
 * @param othersAllow whether other ALLOW windows may apply in the scope of a new window, which then adds times
 */
export function loosens(before: WindowRules | null, after: WindowRules | null, othersAllow = false): boolean {
  if (after === null) return before !== null;
  if (before === null) return after.kind === "ALLOW" && othersAllow;
  return findLoosened(STRICTNESS[before.kind], toGroups(before), toGroups(after)).length > 0;
}

function toGroups({ kind, timeZone, recurrence, startDate, endDate, startTime, endTime, scope }: WindowRules): Groups {
  return { kind, timeZone, times: { recurrence, startDate, endDate, startTime, endTime }, scope };
}

type Times = Groups["times"];

/** Whether `wide` is certainly active whenever `narrow` is. */
function coversTimes(wide: Times, narrow: Times): boolean {
  const sameDays = wide.recurrence === narrow.recurrence && wide.startDate === narrow.startDate;
  // With a recurrence, another first date changes the days that INTERVAL and COUNT select. Without one, an earlier date
  // only adds days.
  const days = sameDays || (wide.recurrence === null && wide.startDate <= narrow.startDate);
  const lastDay = wide.endDate === null || (narrow.endDate !== null && wide.endDate >= narrow.endDate);
  return days && lastDay && coversTimeOfDay(wide, narrow);
}

function coversTimeOfDay(wide: Times, narrow: Times): boolean {
  // Times such as 09:00 and 09:00:30 can be compared as text once both have seconds.
  const [start, end] = [seconds(wide.startTime), seconds(wide.endTime)];
  const [from, to] = [seconds(narrow.startTime), seconds(narrow.endTime)];
  const lastsOvernight = (begin: string, finish: string) => finish <= begin;
  return lastsOvernight(start, end) === lastsOvernight(from, to) && start <= from && end >= to;
}

function seconds(time: string): string {
  return time.length === 5 ? `${time}:00` : time;
}

function coversPlaces(wide: ScopeIds, narrow: ScopeIds): boolean {
  const covers = (one: readonly string[], other: readonly string[]) =>
    one.length === 0 || (other.length > 0 && other.every((value) => one.includes(value)));
  return (
    covers(wide.pipelines, narrow.pipelines) && covers(wide.stages, narrow.stages) && covers(wide.apps, narrow.apps)
  );
}
