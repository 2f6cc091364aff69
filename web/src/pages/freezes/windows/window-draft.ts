import type { CreateDeploymentWindowInput, WindowKind, WindowRowFragment } from "../../../gql/graphql";
import { fromScope, type ScopeDraft, toScopeInput } from "../scope-fields";

/** A deployment window as it is typed. */
export interface WindowDraft {
  readonly name: string;
  readonly kind: WindowKind;
  readonly timeZone: string;
  /** A recurrence rule of RFC 5545; empty for every day. */
  readonly recurrence: string;
  /** Dates, `2026-12-01`. */
  readonly startDate: string;
  /** Empty without an end. */
  readonly endDate: string;
  /** Times of day, `09:00`. */
  readonly startTime: string;
  readonly endTime: string;
  readonly message: string;
  readonly scope: ScopeDraft;
}

export function createDraft(): WindowDraft {
  return {
    ...{ name: "", kind: "DENY", timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone },
    ...{ recurrence: toRule(["SA", "SU"]), startDate: "", endDate: "", startTime: "00:00", endTime: "23:59" },
    ...{ message: "", scope: { pipelines: "", apps: "", stages: new Set(["PRODUCTION"]) } },
  };
}

export function toDraft(window: WindowRowFragment): WindowDraft {
  const { name, kind, timeZone, recurrence, startDate, endDate, startTime, endTime, message, scope } = window;
  return {
    ...{ name, kind, timeZone, startDate, scope: fromScope(scope) },
    ...{ recurrence: recurrence ?? "", endDate: endDate ?? "", message: message ?? "" },
    ...{ startTime: toMinutes(startTime), endTime: toMinutes(endTime) },
  };
}

/** Without the seconds where they are zero: otherwise the browser shows them too. */
function toMinutes(time: string): string {
  return time.replace(/^(\d\d:\d\d):00(\.0+)?$/, "$1");
}

/** Empty fields are null, which an update takes as their removal. Without a first day, a new window begins today. */
export function toInput(draft: WindowDraft): CreateDeploymentWindowInput {
  const { name, kind, timeZone, recurrence, startDate, endDate, startTime, endTime, message, scope } = draft;
  const orNull = (text: string) => (text.trim() === "" ? null : text.trim());
  return {
    ...{ name: name.trim(), kind, timeZone: timeZone.trim(), recurrence: orNull(recurrence) },
    ...{ endDate: orNull(endDate), message: orNull(message), scope: toScopeInput(scope) },
    ...{ startTime: toSeconds(startTime), endTime: toSeconds(endTime) },
    ...(startDate !== "" && { startDate }),
  };
}

function toSeconds(time: string): string {
  return time.length === 5 ? `${time}:00` : time;
}

export const WEEKDAYS = [
  ["MO", "Mon"],
  ["TU", "Tue"],
  ["WE", "Wed"],
  ["TH", "Thu"],
  ["FR", "Fri"],
  ["SA", "Sat"],
  ["SU", "Sun"],
] as const;

/** The days of a rule that consists of weekdays; null for any other rule. Every day without a rule. */
export function findWeekdays(recurrence: string): readonly string[] | null {
  if (recurrence.trim() === "") return WEEKDAYS.map(([day]) => day);
  const days = /^FREQ=WEEKLY;BYDAY=([A-Z,]+)$/.exec(recurrence.trim().toUpperCase())?.[1]?.split(",") ?? null;
  return days?.every((day) => WEEKDAYS.some(([known]) => known === day)) ? days : null;
}

/** @returns an empty rule for every day */
export function toRule(days: readonly string[]): string {
  if (days.length === WEEKDAYS.length) return "";
  const sorted = WEEKDAYS.flatMap(([day]) => (days.includes(day) ? day : []));
  return `FREQ=WEEKLY;BYDAY=${sorted.join(",")}`;
}
