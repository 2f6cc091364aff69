import { createInterface } from "node:readline/promises";
import type { Option } from "commander";
import { option } from "../command.js";
import { EXIT, Failure, wrongUsage } from "../exit.js";

export interface ConfirmOptions {
  readonly yes?: boolean;
}

export const yesOption = (): Option => option("-y, --yes", "do not ask for confirmation");

/** Whether there is a terminal to ask on. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/**
 * Asks for confirmation on a terminal. `--yes` skips the question.
 *
 * @throws Failure if the user declines, or if there is no terminal to ask on and `--yes` is not set
 */
export async function confirm(options: ConfirmOptions, question: string): Promise<void> {
  if (options.yes === true) return;
  const { stdin, stderr } = process;
  if (!canAsk()) {
    throw wrongUsage(`${question} Confirm with --yes; there is no terminal to ask on.`);
  }
  const prompt = createInterface({ input: stdin, output: stderr });
  const declined = new Promise<string>((resolve) => {
    prompt.once("close", () => resolve(""));
    prompt.once("SIGINT", () => resolve(""));
  });
  const answer = await Promise.race([prompt.question(`${question} [y/N] `), declined]);
  prompt.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new Failure(EXIT.refused, ["Cancelled; nothing was changed."]);
}
