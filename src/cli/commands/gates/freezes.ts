import type { Command } from "commander";
import {
  ExemptFromFreezeDocument,
  ExtendFreezeDocument,
  type FreezeFragment,
  FreezesDocument,
  LiftFreezeDocument,
  StartFreezeDocument,
} from "../../api/generated.js";
import { list } from "../../api/references.js";
import { type CommandResult, define, idempotencyOption, limitOption, option, required } from "../../command.js";
import { wrongUsage } from "../../exit.js";
import { formatScope, parseScope, type ScopeFlags, scopeOptions } from "../../options/gate-scope.js";
import { parseLength, parseTime } from "../../options/times.js";
import { lower, singleLine } from "../../output/format.js";

interface EndFlags {
  readonly for?: string;
  readonly until?: string;
  readonly untilLifted?: boolean;
}

interface FreezeFlags extends EndFlags, ScopeFlags {
  readonly reason: string;
  readonly from?: string;
  readonly incident?: string;
  readonly hard?: boolean;
  readonly idempotencyKey?: string;
}

const endOptions = () => [
  option("--for <length>", "how long, for example 4h or 2d"),
  option("--until <time>", "when it ends, for example 2027-01-04T08:00:00Z"),
  option("--until-lifted", "until `railyard unfreeze` lifts it"),
];

export function addFreezes(program: Command): void {
  define<FreezeFlags>(
    program,
    {
      usage: "freeze [pipeline]",
      about: "Stop deployments, now or from a later time on; rollbacks stay possible",
      examples: [
        "freeze shop --reason 'incident 7'",
        "freeze shop -s production --for 2h --reason 'incident 7'",
        "freeze -s production --from 2026-12-21 --until 2027-01-04 --reason Christmas",
        "freeze --until-lifted --hard --reason 'the database moves'",
      ],
      notes: ["Ends after 4 hours unless an option says otherwise. Without a pipeline and options, stops everything."],
      options: [
        ...scopeOptions(),
        required(option("--reason <text>", "why deployments are stopped")),
        ...endOptions(),
        option("--from <time>", "when it begins, for example 2026-12-21T00:00:00+01:00"),
        option("--incident <url>", "the address of the incident"),
        option("--hard", "not even --force goes past it"),
        idempotencyOption(),
      ],
    },
    async ({ api, args: [pipeline], options }) => {
      const { reason, from, incident: incidentUrl, hard, idempotencyKey } = options;
      const startsAt = from === undefined ? undefined : parseTime("--from", from);
      if (options.for !== undefined && startsAt !== undefined) throw wrongUsage("Use --until with --from, not --for.");
      const input = { scope: parseScope(options, pipeline), reason, incidentUrl, startsAt, hard, idempotencyKey };
      const { freeze } = (await api.run(StartFreezeDocument, { input: { ...input, ...parseEnd(options) } }))
        .startFreeze;
      return describe(freeze);
    },
  );

  define<{ all?: boolean; limit: number }>(
    program,
    {
      usage: "freezes",
      about: "List the freezes in force",
      examples: ["freezes", "freezes --all"],
      notes: ["Columns in a pipe: id, in force, scope, start, end, hard, started by, reason."],
      options: [option("--all", "also those that begin later or have ended"), limitOption(100)],
    },
    async ({ api, screen, options: { all, limit } }) => {
      const { nodes } = await list(api, FreezesDocument, all === true ? {} : { active: true }, limit);
      return {
        document: nodes,
        text: () =>
          screen.table(
            [
              { title: "Freeze", value: (one) => one.id, narrow: "whole" },
              { title: "In force", value: (one) => (one.active ? "yes" : "no") },
              { title: "Where", value: (one) => formatScope(one.scope) },
              { title: "Starts", value: (one) => screen.time(one.startsAt), narrow: "left out" },
              { title: "Ends", value: (one) => formatEnd(one, (time) => screen.time(time)) },
              { title: "Hard", value: (one) => (one.hard ? "yes" : ""), narrow: "left out" },
              { title: "By", value: (one) => one.startedBy.name, narrow: "left out" },
              { title: "Reason", value: (one) => singleLine(one.reason) },
            ],
            nodes,
            all === true ? "No freezes." : "No freeze is in force.",
          ),
      };
    },
  );

  define<EndFlags>(
    program,
    {
      usage: "freeze:extend <id>",
      about: "Move the end of a freeze",
      examples: ["freeze:extend 019ab3c4-5d6e-7f80-9123-456789abcdef --for 2h"],
      notes: ["--for counts from now. To end it earlier requires the token that started it, or the ADMIN role."],
      options: endOptions(),
    },
    async ({ api, args: [freeze = ""], options }) => {
      const end = parseEnd(options);
      if (Object.keys(end).length === 0) throw wrongUsage("Say when it ends: --for, --until or --until-lifted.");
      return describe((await api.run(ExtendFreezeDocument, { input: { freeze, ...end } })).extendFreeze.freeze);
    },
  );

  define<{ reason: string }>(
    program,
    {
      usage: "unfreeze <id>",
      about: "Lift a freeze; requires the token that started it, or the ADMIN role",
      examples: ["unfreeze 019ab3c4-5d6e-7f80-9123-456789abcdef --reason fixed"],
      options: [required(option("--reason <text>", "why it is lifted"))],
    },
    async ({ api, args: [freeze = ""], options: { reason } }) => {
      const { liftFreeze } = await api.run(LiftFreezeDocument, { input: { freeze, reason } });
      return {
        document: liftFreeze.freeze,
        text: (screen) => screen.line(`Lifted the freeze: ${singleLine(liftFreeze.freeze.reason)}.`),
      };
    },
  );

  define<{ build?: string; app?: string; reason: string; for?: string; until?: string }>(
    program,
    {
      usage: "freeze:exempt <id>",
      about: "Let a build, or everything for an app, through a freeze; requires the ADMIN role",
      examples: [
        "freeze:exempt 019ab3c4-5d6e-7f80-9123-456789abcdef --build 019ab3c4-0000-7f80-9123-456789abcdef --for 2h --reason 'the fix'",
        "freeze:exempt 019ab3c4-5d6e-7f80-9123-456789abcdef -a shop-eu --until 2027-01-01T12:00:00Z --reason 'the fix'",
      ],
      options: [
        option("--build <build>", "the id of the build"),
        option("-a, --app <app>", "instead of --build: the app, by name or id"),
        option("--for <length>", "for how long, for example 2h"),
        option("--until <time>", "instead of --for: until when"),
        required(option("--reason <text>", "why it is let through")),
      ],
    },
    async ({ api, args: [freeze = ""], options: { build, app, reason, ...end } }) => {
      const { endsAt: expiresAt } = parseEnd(end);
      if (expiresAt === undefined) throw wrongUsage("Say until when: --for or --until.");
      if ((build === undefined) === (app === undefined)) throw wrongUsage("Name either --build or -a APP.");
      const input = { freeze, build, app, reason, expiresAt };
      return describe((await api.run(ExemptFromFreezeDocument, { input })).exemptFromFreeze.freeze);
    },
  );
}

/** The end of a freeze; nothing if no option gives one. */
function parseEnd(flags: EndFlags): { endsAt?: string; untilLifted?: boolean } {
  const given = [flags.for, flags.until, flags.untilLifted].filter((flag) => flag !== undefined);
  if (given.length > 1) throw wrongUsage("Use one of --for, --until and --until-lifted.");
  if (flags.for !== undefined) return { endsAt: parseLength("--for", flags.for) };
  if (flags.until !== undefined) return { endsAt: parseTime("--until", flags.until) };
  return flags.untilLifted === true ? { untilLifted: true } : {};
}

function formatEnd({ endsAt, liftedAt }: FreezeFragment, format: (time: string) => string): string {
  if (liftedAt !== null) return `lifted ${format(liftedAt)}`;
  return endsAt === null ? "until lifted" : format(endsAt);
}

function describe(freeze: FreezeFragment): CommandResult {
  return {
    document: freeze,
    text: (screen) =>
      screen.pairs([
        ["freeze", freeze.id],
        ["in_force", freeze.active ? "yes" : "no"],
        ["where", formatScope(freeze.scope)],
        ["starts_at", screen.time(freeze.startsAt)],
        ["ends_at", formatEnd(freeze, (time) => screen.time(time))],
        ["hard", freeze.hard ? "yes" : "no"],
        ["reason", singleLine(freeze.reason)],
        ["started_by", `${freeze.startedBy.name} (${lower(freeze.startedBy.role)})`],
        ...freeze.exemptions.map(({ app, build, reason, expiresAt }): [string, string] => [
          "lets_through",
          `${app?.name ?? `build ${build?.id ?? "(not visible)"}`} until ${screen.time(expiresAt)}: ${singleLine(reason)}`,
        ]),
      ]),
  };
}
