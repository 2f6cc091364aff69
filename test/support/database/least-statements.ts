import type { App } from "../../../src/app.js";

/** How often the same number must be the least, and how often it is tried. */
const TIMES = 3;
const MOST_TIMES = 40;

/**
 * The fewest statements of several runs, with the result of one that had so few. The service looks for due tasks every second,
 * which takes statements too. So a number counts once it was seen three times, and the runs begin when the service has just looked:
 * on a busy machine, all runs could overlap with one such round.
 */
export async function leastStatements<T>(
  { database, tick }: Pick<App, "database" | "tick">,
  run: () => Promise<T>,
): Promise<{ readonly statements: number; readonly result: T }> {
  const attempt = async () => {
    const before = database.statements;
    const result = await run();
    return { result, statements: database.statements - before };
  };
  await tick();
  let least = await attempt();
  let seen = 1;
  for (let turn = 1; turn < MOST_TIMES && seen < TIMES; turn += 1) {
    const one = await attempt();
    if (one.statements === least.statements) seen += 1;
    else if (one.statements < least.statements) [least, seen] = [one, 1];
  }
  return least;
}
