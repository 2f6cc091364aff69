import { join } from "node:path";
import { pathToFileURL } from "node:url";

/*
 * Runs commands of the Heroku CLI in this process, one after the other, as its own program runs each. See `ResidentProgram`.
 *
 *   node heroku-program.js <folder with node_modules>
 */

/** What the CLI is built on. */
interface Oclif {
  readonly Config: { load(root: string): Promise<unknown> };
  readonly Errors: { handle(error: unknown): Promise<void> };
  run(args: readonly string[], config: unknown): Promise<unknown>;
  flush(): Promise<void>;
}

/** A command that ended itself. */
class Exited extends Error {}

const modules = join(process.argv[2] as string, "node_modules");
const oclif: Oclif = await import(pathToFileURL(join(modules, "@oclif/core/lib/index.js")).href);
const config = await oclif.Config.load(join(modules, "heroku/bin/run.js"));

let exitCode: number | null = null;
let isHandling = false;
process.exit = ((code?: number) => {
  exitCode ??= code ?? 0;
  // The handler of errors exits at its end.
  if (!isHandling) throw new Exited();
}) as typeof process.exit;

async function execute(args: readonly string[]): Promise<number> {
  exitCode = null;
  try {
    await oclif.run(args, config);
    await oclif.flush();
  } catch (error) {
    if (!(error instanceof Exited)) {
      isHandling = true;
      await oclif.Errors.handle(error).finally(() => {
        isHandling = false;
      });
      exitCode ??= 1;
    }
  }
  return exitCode ?? 0;
}

process.on("message", async ({ args, mark }: { args: readonly string[]; mark: string }) => {
  const code = await execute(args);
  process.stdout.write(mark);
  process.stderr.write(mark);
  process.send?.({ code });
});
// `process.exit` throws here.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
