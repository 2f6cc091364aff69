import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { MUTANTS, type Mutant } from "./mutants.js";

/*
 * Mutation testing: shows that the tests notice when a guarantee is broken. Each mutant of `mutants.ts` is applied to a
 * copy of the sources, which is compiled, and the tests that it names run on it. A mutant that no test notices has
 * survived, and fails the run.
 *
 *   npm run mutate                    all mutants
 *   npm run mutate -- cache access    mutants with one of these words in their name
 */

const TEST_TIMEOUT_MS = 120_000;

const { positionals } = parseArgs({ allowPositionals: true });

type Outcome = "killed" | "survived" | "not applicable";

const folder = copySources();
try {
  // Compiles all sources first, so that each mutant compiles only what it changes.
  if (run([join("scripts", "build.mjs")]) !== 0) throw new Error("The sources do not compile.");
  const failed = choose().filter((mutant) => report(mutant, tryMutant(mutant)) !== "killed");
  process.exitCode = failed.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function choose(): readonly Mutant[] {
  return MUTANTS.filter(({ name }) => positionals.length === 0 || positionals.some((word) => name.includes(word)));
}

function report({ name }: Mutant, outcome: Outcome): Outcome {
  console.log(`${outcome === "killed" ? "✔" : "✖"} ${name}: ${outcome}`);
  return outcome;
}

/** Copies the files that git knows or would add to a temporary folder. Dependencies are linked. */
function copySources(): string {
  const copy = mkdtempSync(join(tmpdir(), "railyard-mutants-"));
  const { stdout } = spawnSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"]);
  for (const file of stdout.toString().split("\0").filter(Boolean)) {
    cpSync(file, join(copy, file), { recursive: true });
  }
  symlinkSync(realpathSync("node_modules"), join(copy, "node_modules"));
  return copy;
}

function tryMutant({ file, find, replace, tests, engine }: Mutant): Outcome {
  const path = join(folder, file);
  const original = readFileSync(path, "utf8");
  // The text must occur exactly once: a mutant that no longer matches the code proves nothing.
  if (original.split(find).length !== 2) return "not applicable";
  writeFileSync(
    path,
    original.replace(find, () => replace),
  );
  try {
    if (run([join("scripts", "build.mjs")]) !== 0) return "not applicable";
    const command =
      engine === "postgres" ? [join("dist", "scripts", "test.js"), ...tests] : ["--test", ...tests.map(toFile)];
    return run(command) === 0 ? "survived" : "killed";
  } finally {
    writeFileSync(path, original);
  }
}

function toFile(test: string): string {
  return join("dist", "test", `${test}.test.js`);
}

/** Runs Node.js in the copy. Returns the exit code; 1 if it was ended by a signal or takes too long. */
function run(args: readonly string[]): number {
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
  const { status } = spawnSync(process.execPath, args, { cwd: folder, env, stdio: "ignore", timeout: TEST_TIMEOUT_MS });
  return status ?? 1;
}
