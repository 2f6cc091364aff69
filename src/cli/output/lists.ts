import type { Screen } from "./screen.js";

/** Says on stderr that a list was cut, so that nobody takes a part for the whole. */
export function noteMore(screen: Screen, more: boolean, limit: number): void {
  if (more) screen.note(`There are more than these ${limit}; --limit shows them.`);
}
