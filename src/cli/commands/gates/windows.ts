import type { Command } from "commander";
import {
  CreateWindowDocument,
  DeleteWindowDocument,
  UpdateWindowDocument,
  WINDOW_KIND_VALUES,
  type WindowFragment,
  type WindowKind,
  WindowOccurrencesDocument,
  WindowsDocument,
} from "../../api/generated.js";
import { list } from "../../api/references.js";
import {
  type CommandResult,
  define,
  enumOption,
  idempotencyOption,
  integerOption,
  limitOption,
  option,
  required,
} from "../../command.js";
import { notFound, wrongUsage } from "../../exit.js";
import { formatScope, parseScope, type ScopeFlags, scopeOptions } from "../../options/gate-scope.js";
import { lower, singleLine } from "../../output/format.js";
import { type ConfirmOptions, confirm, yesOption } from "../../terminal/confirm.js";

interface WindowFlags extends ScopeFlags {
  readonly kind?: WindowKind;
  readonly start?: string;
  readonly end?: string;
  readonly timeZone?: string;
  /** `false` for `--no-recurrence`. */
  readonly recurrence?: string | false;
  readonly startDate?: string;
  readonly endDate?: string | false;
  readonly message?: string | false;
}

const kindOption = () =>
  enumOption("-k, --kind <kind>", "whether deployments may begin while it is active, or may not", WINDOW_KIND_VALUES);
const startOption = () => option("--start <time>", "when it begins, on the wall clock, for example 09:00");
const endOption = () => option("--end <time>", "when it ends; at or before --start: on the next day");
const zoneOption = () => option("-z, --time-zone <zone>", "the IANA time zone, for example Europe/Berlin");
const scheduleOptions = () => [
  option("--recurrence <rule>", "its days, as a rule of RFC 5545, for example FREQ=WEEKLY;BYDAY=FR"),
  option("--start-date <date>", "the first day on which it may begin, for example 2026-12-01"),
  option("--end-date <date>", "the last day on which it may begin"),
  option("-m, --message <text>", "what people see when it blocks them"),
];

export function addWindows(program: Command): void {
  define<{ limit?: number }>(
    program,
    {
      usage: "windows",
      about: "List the deployment windows",
      examples: ["windows", "windows --json"],
      notes: ["Columns in a pipe: name, kind, active, next change, times, days, scope."],
      options: [limitOption(null)],
    },
    async ({ api, screen, options }) => {
      const { nodes } = await list(api, WindowsDocument, {}, options.limit ?? Number.POSITIVE_INFINITY);
      return {
        document: nodes,
        text: () =>
          screen.table(
            [
              { title: "Window", value: (one) => one.name, narrow: "whole" },
              { title: "Kind", value: (one) => lower(one.kind) },
              { title: "Active", value: (one) => (one.problem === null ? (one.active ? "yes" : "no") : "invalid") },
              { title: "Next change", value: (one) => screen.time(one.nextChangeAt) },
              { title: "Times", value: formatTimes },
              { title: "Days", value: (one) => one.recurrence ?? "every day", narrow: "left out" },
              { title: "Where", value: (one) => formatScope(one.scope) },
            ],
            nodes,
            "No deployment windows. Create one with `railyard windows:create NAME`.",
          ),
      };
    },
  );

  define<WindowFlags & { readonly idempotencyKey?: string }>(
    program,
    {
      usage: "windows:create <name>",
      about: "Create a deployment window",
      examples: [
        "windows:create hours -k allow --start 09:00 --end 17:00 -z Europe/Berlin --recurrence 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR'",
        "windows:create nights -k deny --start 22:00 --end 06:00 -z Europe/Berlin -p shop -s production -m 'Not at night'",
      ],
      notes: ["Another ALLOW window where there may be one already requires the ADMIN role."],
      options: [
        required(kindOption()),
        required(startOption()),
        required(endOption()),
        required(zoneOption()),
        ...scheduleOptions(),
        ...scopeOptions(),
        idempotencyOption(),
      ],
    },
    async ({ api, args: [name = ""], options }) => {
      const { kind, timeZone, start: startTime, end: endTime, idempotencyKey } = options;
      if (kind === undefined || timeZone === undefined || startTime === undefined || endTime === undefined) {
        throw wrongUsage("Give --kind, --start, --end and --time-zone.");
      }
      const schedule = parseSchedule(options);
      const input = {
        name,
        kind,
        timeZone,
        startTime,
        endTime,
        ...schedule,
        scope: parseScope(options),
        idempotencyKey,
      };
      return describe((await api.run(CreateWindowDocument, { input })).createDeploymentWindow.window);
    },
  );

  define<WindowFlags & { readonly name?: string }>(
    program,
    {
      usage: "windows:update <window>",
      about: "Change a deployment window; to let more through requires the ADMIN role",
      examples: ["windows:update nights --end 07:00", "windows:update hours --no-recurrence"],
      notes: ["Options that are left out stay as they are. -p, -s and -a replace the scope together."],
      options: [
        option("--name <name>", "the new name"),
        kindOption(),
        startOption(),
        endOption(),
        zoneOption(),
        ...scheduleOptions(),
        option("--no-recurrence", "every day"),
        option("--no-end-date", "without an end"),
        option("--no-message", "without a message"),
        ...scopeOptions(),
      ],
    },
    async ({ api, args: [window = ""], options }) => {
      const { name, kind, timeZone, start: startTime, end: endTime } = options;
      const changes = {
        name,
        kind,
        timeZone,
        startTime,
        endTime,
        ...parseSchedule(options),
        scope: parseScope(options),
      };
      const { updateDeploymentWindow } = await api.run(UpdateWindowDocument, { input: { window, ...changes } });
      return describe(updateDeploymentWindow.window);
    },
  );

  define<{ next: number }>(
    program,
    {
      usage: "windows:preview <window>",
      about: "Show the next times at which a deployment window is active",
      examples: ["windows:preview hours", "windows:preview hours --next 20"],
      notes: ["Columns in a pipe: start, end."],
      options: [integerOption("--next <count>", "how many, at most 100", 1).default(10)],
    },
    async ({ api, args: [window = ""], screen, options: { next: first } }) => {
      const { deploymentWindow } = await api.run(WindowOccurrencesDocument, { window, first });
      if (deploymentWindow === null) throw notFound(`deployment window "${window}"`);
      return {
        document: deploymentWindow.occurrences,
        text: () =>
          screen.table(
            [
              { title: "Starts", value: (one) => screen.time(one.startsAt) },
              { title: "Ends", value: (one) => screen.time(one.endsAt) },
            ],
            deploymentWindow.occurrences,
            deploymentWindow.problem ?? "The window is not active any more.",
          ),
      };
    },
  );

  define<ConfirmOptions>(
    program,
    {
      usage: "windows:delete <window>",
      about: "Delete a deployment window; requires the ADMIN role",
      examples: ["windows:delete nights", "windows:delete nights --yes"],
      options: [yesOption()],
    },
    async ({ api, args: [window = ""], options }) => {
      await confirm(options, `Delete the deployment window ${window}?`);
      const { deleteDeploymentWindow } = await api.run(DeleteWindowDocument, { input: { window } });
      return {
        document: deleteDeploymentWindow,
        text: (screen) => screen.line(`Deleted the deployment window ${singleLine(window)}.`),
      };
    },
  );
}

/** The optional parts of a schedule: null where an option with `--no-` removes it. */
function parseSchedule({ recurrence, startDate, endDate, message }: WindowFlags) {
  const orNull = (value: string | false | undefined) => (value === false ? null : value);
  return { recurrence: orNull(recurrence), startDate, endDate: orNull(endDate), message: orNull(message) };
}

function formatTimes({ startTime, endTime, timeZone }: WindowFragment): string {
  return `${startTime}–${endTime} ${timeZone}`;
}

function describe(window: WindowFragment): CommandResult {
  return {
    document: window,
    text: (screen) =>
      screen.pairs([
        ["window", window.name],
        ["id", window.id],
        ["kind", lower(window.kind)],
        ["active", window.active ? "yes" : "no"],
        ["next_change_at", screen.time(window.nextChangeAt)],
        ["times", formatTimes(window)],
        ["days", window.recurrence ?? "every day"],
        ["dates", `from ${window.startDate}${window.endDate === null ? "" : ` to ${window.endDate}`}`],
        ["where", formatScope(window.scope)],
        ["message", singleLine(window.message ?? "")],
      ]),
  };
}
