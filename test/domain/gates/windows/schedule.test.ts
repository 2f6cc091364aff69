import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Temporal } from "temporal-polyfill";
import { parseRecurrence } from "../../../../src/domain/gates/windows/recurrence.js";
import { compileSchedule, type Schedule } from "../../../../src/domain/gates/windows/schedule.js";
import { loosens } from "../../../../src/domain/gates/windows/strictness.js";
import { ZoneClock } from "../../../../src/domain/gates/windows/zone-clock.js";
import type { ScopeIds } from "../../../../src/entities/gates/gate-scope.js";

/** Time zones of the host under which each answer must be the same. */
const HOST_ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Pacific/Kiritimati"];

const EVERY_NIGHT: Schedule = {
  kind: "DENY",
  timeZone: "Europe/Berlin",
  recurrence: null,
  startDate: "2026-01-01",
  endDate: null,
  startTime: "02:15",
  endTime: "02:45",
};

/** The intervals as local times with their offsets, asked for under each time zone of the host. */
function list(given: Partial<Schedule>, from: string, count: number): string[] {
  const before = process.env.TZ;
  const lists = HOST_ZONES.map((zone) => {
    process.env.TZ = zone;
    const schedule = { ...EVERY_NIGHT, ...given };
    const local = (milliseconds: number) =>
      Temporal.Instant.fromEpochMilliseconds(milliseconds)
        .toZonedDateTimeISO(schedule.timeZone)
        .toString({ smallestUnit: "minute", timeZoneName: "never" });
    const found: string[] = [];
    for (const { start, end } of compileSchedule(schedule).intervals(Date.parse(from))) {
      if (found.push(`${local(start)}/${local(end)}`) === count) break;
    }
    return found;
  });
  if (before === undefined) delete process.env.TZ;
  else process.env.TZ = before;
  for (const other of lists) assert.deepEqual(other, lists[0]);
  return lists[0] ?? [];
}

const refusesField = (field: string) => (error: unknown) => {
  assert.ok(error instanceof Error && "code" in error && "details" in error, String(error));
  assert.equal(error.code, "BAD_USER_INPUT");
  assert.deepEqual(error.details, { field });
  return true;
};

const time = fc.tuple(fc.nat(23), fc.nat(59)).map((parts) => parts.map((n) => `${n}`.padStart(2, "0")).join(":"));
const FIELDS = {
  kind: fc.constantFrom("ALLOW" as const, "DENY" as const),
  timeZone: fc.constantFrom("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"),
  recurrence: fc.constantFrom(null, "FREQ=WEEKLY;BYDAY=SU,MO", "FREQ=DAILY;INTERVAL=3", "FREQ=MONTHLY;BYDAY=-1SU"),
  startDate: fc.constantFrom("2026-01-01", "2026-03-20"),
  endDate: fc.constantFrom(null, "2026-11-20"),
  startTime: time,
  endTime: time,
};
const schedule = fc.record(FIELDS);
const instant = fc.date({ min: new Date("2026-01-01"), max: new Date("2026-12-31"), noInvalidDate: true });

describe("The schedule of a window", () => {
  it("reads business hours on the wall clock of its zone, in summer and in winter", () => {
    const hours = { recurrence: "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", startTime: "09:00", endTime: "17:00" } as const;
    assert.deepEqual(list(hours, "2026-03-27T00:00:00Z", 2), [
      "2026-03-27T09:00+01:00/2026-03-27T17:00+01:00",
      "2026-03-30T09:00+02:00/2026-03-30T17:00+02:00",
    ]);
  });

  it("takes the longer reading for DENY and the shorter for ALLOW in the nights in which the clock changes", () => {
    const night = (kind: Schedule["kind"], timeZone: string, from: string, startTime = "02:15", endTime = "02:45") =>
      list({ kind, timeZone, startTime, endTime }, from, 1)[0];
    // The hour from 02:00 to 03:00 is skipped.
    assert.equal(
      night("DENY", "Europe/Berlin", "2026-03-29T00:00:00Z"),
      "2026-03-29T01:15+01:00/2026-03-29T03:45+02:00",
    );
    assert.equal(
      night("ALLOW", "Europe/Berlin", "2026-03-29T00:00:00Z"),
      "2026-03-30T02:15+02:00/2026-03-30T02:45+02:00",
    );
    assert.equal(
      night("DENY", "America/New_York", "2026-03-08T05:30:00Z"),
      "2026-03-08T01:15-05:00/2026-03-08T03:45-04:00",
    );
    // The hour comes twice.
    assert.equal(
      night("DENY", "Europe/Berlin", "2026-10-24T23:00:00Z"),
      "2026-10-25T02:15+02:00/2026-10-25T02:45+01:00",
    );
    assert.equal(
      night("ALLOW", "Europe/Berlin", "2026-10-24T23:00:00Z", "01:15", "02:45"),
      "2026-10-25T01:15+02:00/2026-10-25T02:45+02:00",
    );
    assert.equal(
      night("DENY", "America/New_York", "2026-11-01T04:00:00Z", "01:15", "01:45"),
      "2026-11-01T01:15-04:00/2026-11-01T01:45-05:00",
    );
    // On Lord Howe the clock moves by 30 minutes: 02:00 to 02:30 is skipped, 01:30 to 02:00 comes twice.
    assert.equal(
      night("DENY", "Australia/Lord_Howe", "2026-10-03T14:00:00Z", "02:05", "02:40"),
      "2026-10-04T01:35+10:30/2026-10-04T02:40+11:00",
    );
    assert.equal(
      night("ALLOW", "Australia/Lord_Howe", "2026-10-03T14:00:00Z", "02:05", "02:40"),
      "2026-10-04T02:35+11:00/2026-10-04T02:40+11:00",
    );
    assert.equal(
      night("DENY", "Australia/Lord_Howe", "2026-04-04T13:00:00Z", "01:40", "01:50"),
      "2026-04-05T01:40+11:00/2026-04-05T01:50+10:30",
    );
  });

  it("lasts over midnight if it ends at or before its start, and joins days that touch", () => {
    assert.deepEqual(list({ startTime: "22:00", endTime: "06:00" }, "2026-06-10T01:00:00Z", 1), [
      "2026-06-09T22:00+02:00/2026-06-10T06:00+02:00",
    ]);
    const weekend = { recurrence: "FREQ=WEEKLY;BYDAY=SA,SU", startTime: "00:00", endTime: "00:00" } as const;
    assert.deepEqual(list(weekend, "2026-06-11T00:00:00Z", 1), ["2026-06-13T00:00+02:00/2026-06-15T00:00+02:00"]);
  });

  it("says until when it is active or not, also a year ahead and without an end", () => {
    const christmas = compileSchedule({
      ...EVERY_NIGHT,
      ...{ recurrence: "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=20,21,22,23,24,25,26", startTime: "00:00", endTime: "00:00" },
    });
    const at = (text: string) => Date.parse(text);
    assert.deepEqual(christmas.activityAt(at("2026-12-24T12:00:00Z")), {
      active: true,
      until: at("2026-12-26T23:00:00Z"),
    });
    assert.deepEqual(christmas.activityAt(at("2026-12-26T23:00:00Z")), {
      active: false,
      until: at("2027-12-19T23:00:00Z"),
    });
    const always = compileSchedule({ ...EVERY_NIGHT, startTime: "00:00", endTime: "00:00" });
    assert.deepEqual(always.activityAt(at("2026-06-01T00:00:00Z")), { active: true, until: null });
    const once = compileSchedule({ ...EVERY_NIGHT, endDate: "2026-01-01" });
    assert.deepEqual(once.activityAt(at("2026-06-01T00:00:00Z")), { active: false, until: null });
  });

  it("includes the day of UNTIL and the last date, and counts from the first", () => {
    const days = (given: Partial<Schedule>) =>
      list({ timeZone: "UTC", startTime: "10:00", endTime: "11:00", ...given }, "2026-01-01T00:00:00Z", 9).length;
    assert.equal(days({ recurrence: "FREQ=DAILY;UNTIL=20260103" }), 3);
    assert.equal(days({ recurrence: "FREQ=DAILY;UNTIL=20260103T080000Z" }), 3);
    assert.equal(days({ recurrence: "rrule:freq=daily;count=4" }), 4);
    assert.equal(days({ endDate: "2026-01-02" }), 2);
  });

  it("refuses what it cannot evaluate, and names the field", () => {
    const wrong: [keyof Schedule, string][] = [
      ...["+02:00", "Europe/Atlantis", "", "CEST/x"].map((value): [keyof Schedule, string] => ["timeZone", value]),
      ...["2026-02-30", "tomorrow", "2026-1-1"].map((value): [keyof Schedule, string] => ["startDate", value]),
      ...["24:00", "9:00", "09:60", "09:00:00Z"].map((value): [keyof Schedule, string] => ["startTime", value]),
      ["endDate", "2025-12-31"],
      ...[
        "",
        "garbage",
        "BYDAY=MO",
        "FREQ=HOURLY",
        "FREQ=DAILY;BYHOUR=9",
        "FREQ=DAILY;BYMINUTE=0",
        "FREQ=DAILY;FREQ=WEEKLY",
        "FREQ=DAILY;FOO=1",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=2;UNTIL=20270101",
        "FREQ=DAILY;UNTIL=20270230",
        "FREQ=DAILY;UNTIL=20200101",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=WEEKLY;BYDAY=MO,",
        "FREQ=WEEKLY;BYDAY=MO\nEXDATE:20260105",
        "FREQ=DAILY;RSCALE=HEBREW",
        `FREQ=YEARLY;BYYEARDAY=${Array.from({ length: 366 }, (_, index) => index + 1)}`,
      ].map((value): [keyof Schedule, string] => ["recurrence", value]),
    ];
    for (const [field, value] of wrong) {
      assert.throws(
        () => compileSchedule({ ...EVERY_NIGHT, [field]: value }),
        refusesField(field),
        `${field}: ${value}`,
      );
    }
    const onlyTheSkippedNight = { kind: "ALLOW", startDate: "2026-03-29", endDate: "2026-03-29" } as const;
    assert.throws(() => compileSchedule({ ...EVERY_NIGHT, ...onlyTheSkippedNight }), refusesField("endDate"));
  });

  it("answers the same for each instant as its list of intervals", () => {
    fc.assert(
      fc.property(schedule, fc.array(instant, { minLength: 1, maxLength: 8 }), (given, instants) => {
        const timetable = compileSchedule(given);
        const all: { start: number; end: number }[] = [];
        for (const interval of timetable.intervals(Date.parse("2025-12-01"))) {
          if (interval.start > Date.parse("2027-02-01") || all.push(interval) > 500) break;
        }
        all.forEach((interval, index) => {
          assert.ok(interval.start < interval.end);
          assert.ok(index === 0 || (all[index - 1]?.end ?? 0) < interval.start, "intervals neither touch nor overlap");
        });
        for (const now of instants.map((date) => date.getTime())) {
          const { active, until } = timetable.activityAt(now);
          assert.equal(
            active,
            all.some(({ start, end }) => start <= now && now < end),
          );
          const changes = all.flatMap(({ start, end }) => [start, end]).filter((change) => change > now);
          if (until !== null && until < Date.parse("2027-01-31")) assert.equal(until, Math.min(...changes));
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("The clock of a time zone", () => {
  /** Zones with unusual changes: by half an hour, of a whole day, twice in a month, at midnight, and none. */
  const ZONES = [
    ...["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca"],
    ...["America/Sao_Paulo", "Asia/Beirut", "America/St_Johns", "Antarctica/Troll", "Asia/Kathmandu", "UTC"],
  ];
  const DAY = 86_400_000;

  it("gives the same results as Temporal in any order of questions, also in the nights in which the clock changes", () => {
    const days = fc.oneof(
      fc.integer({ min: Date.parse("2005-01-01") / DAY, max: Date.parse("2045-01-01") / DAY }),
      // Near a change of the clock.
      fc
        .tuple(fc.constantFrom(...ZONES), fc.integer({ min: 0, max: 60 }), fc.integer({ min: -3, max: 3 }))
        .map(([zone, half, away]) => {
          const from = Temporal.PlainDate.from("2005-01-01")
            .add({ months: half * 6 })
            .toZonedDateTime(zone);
          const change = from.getTimeZoneTransition("next") ?? from;
          return Math.floor(change.epochMilliseconds / DAY) + away;
        }),
    );
    const seconds = fc.integer({ min: 0, max: 86_399 });
    const asked = fc.array(fc.tuple(days, seconds), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(fc.constantFrom(...ZONES), asked, (zone, questions) => {
        const clock = new ZoneClock(zone);
        for (const [day, second] of questions) {
          const local = Temporal.Instant.fromEpochMilliseconds(day * DAY + second * 1000)
            .toZonedDateTimeISO("UTC")
            .toPlainDateTime();
          for (const disambiguation of ["earlier", "later"] as const) {
            const expected = local.toZonedDateTime(zone, { disambiguation });
            const instant = clock.toInstant(day, second * 1000, disambiguation);
            assert.equal(instant, expected.epochMilliseconds, `${local} ${disambiguation} in ${zone}`);
          }
          const instant = day * DAY + second * 1000;
          const date = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone).toPlainDate();
          assert.equal(clock.dayAt(instant), date.toZonedDateTime("UTC").epochMilliseconds / DAY, `${date} in ${zone}`);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("finds the days of a rule in any order", () => {
    const start = Temporal.PlainDate.from("2026-01-01");
    const first = Date.parse("2026-01-01") / DAY;
    const rules = [
      "FREQ=WEEKLY;BYDAY=SU,MO",
      "FREQ=MONTHLY;BYDAY=-1SU",
      "FREQ=DAILY;COUNT=40",
      "FREQ=DAILY;INTERVAL=3",
    ];
    const asked = fc.array(fc.integer({ min: first - 50, max: first + 1200 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(fc.constantFrom(...rules), asked, (rule, questions) => {
        const recurrence = parseRecurrence(rule, start);
        for (const day of questions) {
          assert.equal(recurrence.next(day), parseRecurrence(rule, start).next(day), `${rule} from day ${day}`);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe("A change of a window", () => {
  const EVERYWHERE = { pipelines: [], stages: [], apps: [] };

  it("that does not count as loosening opens no moment that was closed", () => {
    let tightened = 0;
    const isClosed = (given: Schedule, now: Date) =>
      compileSchedule(given).activityAt(now.getTime()).active === (given.kind === "DENY");
    // Mostly the times change, near the nights in which the clock does.
    const change = fc.oneof(
      { weight: 6, arbitrary: fc.record({ startTime: time, endTime: time }, { requiredKeys: [] }) },
      { weight: 1, arbitrary: fc.record(FIELDS, { requiredKeys: [] }) },
    );
    const nights = ["2026-03-29", "2026-10-25", "2026-03-08", "2026-11-01", "2026-04-05", "2026-10-04"];
    const nearNight = fc
      .tuple(fc.constantFrom(...nights), fc.integer({ min: -1440, max: 1440 }))
      .map(([night, minutes]) => new Date(Date.parse(night) + minutes * 60_000));
    const moments = fc.array(fc.oneof(instant, nearNight), { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(schedule, change, moments, (before, patch, instants) => {
        const after = { ...before, ...patch };
        if (loosens({ ...before, scope: EVERYWHERE }, { ...after, scope: EVERYWHERE })) return;
        if (JSON.stringify(before) !== JSON.stringify(after)) tightened += 1;
        for (const now of instants) {
          assert.ok(!isClosed(before, now) || isClosed(after, now), `${now.toISOString()} was opened`);
        }
      }),
      { numRuns: 400 },
    );
    assert.ok(tightened > 20, `${tightened} changes tightened`);
  });

  it("of the scope is compared list by list, in either direction", () => {
    const inScope = (scope: Partial<ScopeIds>, kind: Schedule["kind"] = "DENY") => ({
      ...EVERY_NIGHT,
      kind,
      scope: { ...EVERYWHERE, ...scope },
    });
    const one = inScope({ pipelines: ["a"], stages: ["STAGING"] });
    assert.equal(loosens(one, inScope({ pipelines: ["b", "a"], stages: ["STAGING"] })), false);
    assert.equal(loosens(one, inScope({ pipelines: ["a"] })), false);
    assert.equal(loosens(one, inScope({ pipelines: ["b"], stages: ["STAGING"] })), true);
    assert.equal(loosens(one, inScope({ pipelines: ["a"], stages: ["STAGING"], apps: ["x"] })), true);
    const allow = inScope({ pipelines: ["a", "b"] }, "ALLOW");
    assert.equal(loosens(allow, inScope({ pipelines: ["b", "a"] }, "ALLOW")), false);
    assert.equal(loosens(allow, inScope({ pipelines: ["a"] }, "ALLOW")), true);
    assert.equal(loosens(allow, inScope({}, "ALLOW")), true);
    assert.equal(loosens(allow, null), true);
    assert.equal(loosens(null, allow, false), false);
    assert.equal(loosens(null, allow, true), true);
    assert.equal(loosens(null, one, true), false);
  });
});
