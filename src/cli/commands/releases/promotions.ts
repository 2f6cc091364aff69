import type { Command } from "commander";
import {
  CancelPromotionDocument,
  PROMOTION_PHASE_VALUES,
  PromotionDocument,
  type PromotionFragment,
  type PromotionPhase,
  PromotionsDocument,
  RetryPromotionDocument,
  UndoPromotionDocument,
} from "../../api/generated.js";
import { list } from "../../api/references.js";
import {
  type CommandResult,
  define,
  enumOption,
  idempotencyOption,
  limitOption,
  listOption,
  option,
  required,
} from "../../command.js";
import { notFound } from "../../exit.js";
import { lower, phase, shortSha } from "../../output/format.js";
import { noteMore } from "../../output/lists.js";
import { describePromotion } from "../../output/promotions.js";
import type { Column, Screen } from "../../output/screen.js";
import { type ConfirmOptions, confirm, yesOption } from "../../terminal/confirm.js";

export function addPromotions(program: Command): void {
  define<{ app?: string; phase?: PromotionPhase; limit: number }>(
    program,
    {
      usage: "promotions [pipeline]",
      about: "List promotions, newest first",
      examples: ["promotions myapp", "promotions --phase in-progress", "promotions -a myapp-space-prod --json"],
      notes: ["Columns in a pipe: id, phase, pipeline, from, to, source, version, commit, targets, by, time."],
      options: [
        option("-a, --app <app>", "only promotions from or to this app"),
        enumOption("--phase <phase>", "only promotions in this phase", PROMOTION_PHASE_VALUES),
        limitOption(25),
      ],
    },
    async ({ api, screen, args: [pipeline], options: { app, phase: only, limit } }) => {
      const { nodes, more } = await list(api, PromotionsDocument, { pipeline, app, phase: only }, limit);
      return {
        document: nodes,
        text: async () => {
          await screen.table(columns(screen), nodes, "No promotions found.");
          noteMore(screen, more, limit);
        },
      };
    },
  );

  define(
    program,
    {
      usage: "promotions:info <id>",
      about: "Show a promotion, its targets and its checks",
      examples: ["promotions:info 019ab3c4-5d6e-7f80-9123-456789abcdef"],
    },
    async ({ api, args: [id = ""] }) => {
      const { promotion } = await api.run(PromotionDocument, { id });
      if (promotion === null) throw notFound(`promotion "${id}"`);
      return { document: promotion, text: (screen) => describePromotion(screen, promotion) };
    },
  );

  define<{ reason: string }>(
    program,
    {
      usage: "promotions:cancel <id>",
      about: "Cancel a promotion that waits, or what of it has not begun to deploy",
      examples: ["promotions:cancel 019ab3c4-5d6e-7f80-9123-456789abcdef --reason 'wrong build'"],
      options: [required(option("--reason <text>", "why it is cancelled"))],
    },
    async ({ api, args: [id = ""], options: { reason } }) => {
      const input = { promotion: id, reason };
      return describe((await api.run(CancelPromotionDocument, { input })).cancelPromotion);
    },
  );

  define<{ to?: string[]; whenReady?: boolean; idempotencyKey?: string }>(
    program,
    {
      usage: "promotions:retry <id>",
      about: "Promote the same release again to the targets that failed or were cancelled",
      examples: ["promotions:retry 019ab3c4-5d6e-7f80-9123-456789abcdef"],
      options: [
        listOption("-t, --to <app...>", "only these of the targets"),
        option("--when-ready", "wait for what blocks the promotion, if it can be cleared"),
        idempotencyOption(),
      ],
    },
    async ({ api, args: [id = ""], options: { to: targets, whenReady, idempotencyKey } }) => {
      const input = { promotion: id, targets, whenReady, idempotencyKey };
      return describe((await api.run(RetryPromotionDocument, { input })).retryPromotion);
    },
  );

  define<{ reason: string; skipMovedOn?: boolean; idempotencyKey?: string } & ConfirmOptions>(
    program,
    {
      usage: "promotions:undo <id>",
      about: "Take every target of a promotion back to what it ran before",
      examples: ["promotions:undo 019ab3c4-5d6e-7f80-9123-456789abcdef --reason 'errors at checkout'"],
      options: [
        required(option("--reason <text>", "why it is undone")),
        option("--skip-moved-on", "leave out targets that run something else by now"),
        yesOption(),
        idempotencyOption(),
      ],
    },
    async ({ api, args: [id = ""], options }) => {
      const { promotion } = await api.run(PromotionDocument, { id });
      if (promotion === null) throw notFound(`promotion "${id}"`);
      const names = promotion.targets.map(({ app }) => app?.name ?? "(deleted)").join(", ");
      await confirm(options, `Take ${names} back to what ran before?`);
      const { reason, skipMovedOn, idempotencyKey } = options;
      const input = { promotion: id, reason, skipMovedOn, idempotencyKey };
      return describe((await api.run(UndoPromotionDocument, { input })).undoPromotion);
    },
  );
}

function describe({ promotion }: { readonly promotion: PromotionFragment }): CommandResult {
  return { document: promotion, text: (screen) => describePromotion(screen, promotion) };
}

function columns(screen: Screen): Column<PromotionFragment>[] {
  const { paint } = screen;
  const targets = (one: PromotionFragment) => one.targets.map((target) => target.app?.name ?? "(deleted)").join(",");
  return [
    { title: "Promotion", value: (one) => one.id, narrow: "whole", only: "ids" },
    { title: "Phase", value: (one) => lower(one.phase), shown: (one) => phase(one.phase, paint) },
    { title: "Pipeline", value: (one) => one.pipeline?.name ?? "", narrow: "left out" },
    { title: "From", value: (one) => lower(one.from), narrow: "left out" },
    { title: "To", value: (one) => lower(one.to) },
    { title: "Source", value: (one) => one.source?.name ?? "", narrow: "left out" },
    { title: "Release", value: (one) => `v${one.release.version}` },
    {
      title: "Commit",
      value: (one) => one.build.commit.sha,
      shown: (one) => paint.yellow(shortSha(one.build)),
      narrow: "left out",
    },
    { title: "Targets", value: targets },
    { title: "By", value: (one) => one.createdBy.name, narrow: "left out" },
    { title: "Started", value: (one) => one.createdAt, shown: (one) => screen.time(one.createdAt) },
  ];
}
