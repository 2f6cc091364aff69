import type { Screen } from "./screen.js";

/** A progress indicator. */
export interface Progress {
  /** Sets the text. Further lines are shown below the first. */
  update(text: string): void;
  /** Removes the indicator. */
  stop(): void;
}

const SILENT: Progress = { update: () => {}, stop: () => {} };

/** Shows a spinner on an interactive terminal. Writes to stderr, because it is not part of the output. */
export async function startProgress(screen: Screen, text: string): Promise<Progress> {
  if (!screen.interactive) return SILENT;
  const { default: ora } = await import("ora");
  const spinner = ora({ text, discardStdin: false }).start();
  return {
    update: (next) => {
      spinner.text = next;
    },
    stop: () => {
      spinner.stop();
    },
  };
}
