import type { Screen } from "./screen.js";

/** Something under way that a person may watch. */
export interface Progress {
  /** What it is at now; further lines stand below the first. */
  update(text: string): void;
  /** Takes it off the screen. */
  stop(): void;
}

const SILENT: Progress = { update: () => {}, stop: () => {} };

/** Shows a spinner on a terminal, and nothing elsewhere. It stays on stderr: it is not part of the output. */
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
