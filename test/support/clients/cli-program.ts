import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

/*
 * Runs commands of the built CLI in this process, one after the other: `main.js` is evaluated for each, but the modules that it
 * needs are loaded once. See `ResidentProgram`.
 */

const MAIN = pathToFileURL(resolve("dist/src/cli/main.js")).href;

interface Order {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly mark: string;
}

let count = 0;

process.on("message", async ({ args, env, mark }: Order) => {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, env);
  process.argv = [process.execPath, MAIN, ...args];
  process.exitCode = undefined;
  process.stdout.removeAllListeners("error");
  count += 1;
  await import(`${MAIN}?${count}`);
  const code = process.exitCode ?? 0;
  process.exitCode = undefined;
  process.stdout.write(mark);
  process.stderr.write(mark);
  process.send?.({ code });
});
process.on("disconnect", () => process.exit());
