import type { Screen } from "./screen.js";

/** Prints a note on stderr if the list was truncated. */
export function noteMore(screen: Screen, more: boolean, limit: number): void {
  if (more) screen.note(`Only the first ${limit} are shown. Show more with --limit.`);
}
