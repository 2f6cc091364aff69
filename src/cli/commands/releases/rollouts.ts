import type { Command } from "commander";
import {
  AdvancePromotionDocument,
  PausePromotionDocument,
  type PromotionFragment,
  ResumePromotionDocument,
} from "../../api/generated.js";
import { type CommandResult, define, option } from "../../command.js";
import { parseCount } from "../../options/numbers.js";
import { describePromotion } from "../../output/promotions.js";

const ID = "019ab3c4-5d6e-7f80-9123-456789abcdef";

/** Adds the commands that steer a promotion whose targets are in waves. */
export function addRollouts(program: Command): void {
  define<{ wave?: string }>(
    program,
    {
      usage: "promotions:advance <id>",
      about: "Let the next wave of a promotion begin, if it begins only by this command",
      examples: [`promotions:advance ${ID}`, `promotions:advance ${ID} --wave 2`],
      options: [option("--wave <number>", "the wave to begin; the next one without it")],
    },
    async ({ api, args: [promotion = ""], options: { wave } }) => {
      const input = { promotion, wave: wave === undefined ? undefined : parseCount("--wave", wave) };
      return describe((await api.run(AdvancePromotionDocument, { input })).advancePromotion);
    },
  );

  define(
    program,
    {
      usage: "promotions:pause <id>",
      about: "Keep the targets of a promotion that wait from being admitted",
      examples: [`promotions:pause ${ID}`],
    },
    async ({ api, args: [promotion = ""] }) =>
      describe((await api.run(PausePromotionDocument, { input: { promotion } })).pausePromotion),
  );

  define(
    program,
    {
      usage: "promotions:resume <id>",
      about: "Let a paused promotion go on",
      examples: [`promotions:resume ${ID}`],
    },
    async ({ api, args: [promotion = ""] }) =>
      describe((await api.run(ResumePromotionDocument, { input: { promotion } })).resumePromotion),
  );
}

function describe({ promotion }: { readonly promotion: PromotionFragment }): CommandResult {
  return { document: promotion, text: (screen) => describePromotion(screen, promotion) };
}
