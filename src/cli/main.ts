#!/usr/bin/env node
import "../runtime/require-supported-node.js";
import { readFileSync } from "node:fs";
import { type Command, CommanderError } from "commander";
import { EXIT, type ExitCode, Failure } from "./exit.js";
import { singleLine } from "./output/format.js";
import { createProgram } from "./program.js";

const manifest = new URL("../../../package.json", import.meta.url);
const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };

// Whoever read along has seen enough, as `head` has: that is no failure of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? EXIT.done : EXIT.refused);
});

const program = createProgram(version);

/** The lines to tell on stderr, and what to end with. */
function exitCodeOf(error: unknown): { exit: ExitCode; lines: readonly string[]; trace: readonly string[] } {
  if (error instanceof Failure) return error;
  if (error instanceof CommanderError) {
    // Help and the version were asked for, and are printed already.
    if (error.exitCode === 0) return { exit: EXIT.done, lines: [], trace: [] };
    return { exit: EXIT.usage, lines: error.code === "commander.help" ? [] : [usageLine(error)], trace: [] };
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return { exit: EXIT.refused, lines: [message], trace: [stack ?? ""] };
}

/** What commander has found wrong, in one line, and where the right usage is told. */
function usageLine(error: CommanderError): string {
  const [what = "", hint] = error.message.replace(/^error: /, "").split("\n");
  const names = program.commands.map((command) => command.name());
  const [first = "", second = ""] = process.argv.slice(2).filter((word) => !word.startsWith("-"));
  const meant = names.includes(`${first}:${second}`) ? `(Did you mean ${first}:${second}?)` : hint;
  const known = findCommand(first) !== undefined;
  const help = known ? `railyard ${first} --help` : "railyard --help";
  const sentence = `${what.charAt(0).toUpperCase()}${what.slice(1).replace(/\.$/, "")}.`;
  return [sentence, ...(meant ? [meant.slice(1, -1)] : []), `See \`${help}\`.`].join(" ");
}

function findCommand(name: string): Command | undefined {
  return program.commands.find((command) => command.name() === name || command.aliases().includes(name));
}

try {
  await program.parseAsync();
} catch (error) {
  const { exit, lines, trace } = exitCodeOf(error);
  const verbose = process.argv.includes("--verbose");
  for (const line of lines) process.stderr.write(`${singleLine(line)}\n`);
  if (verbose) for (const line of trace) process.stderr.write(`  ${line}\n`);
  process.exitCode = exit;
}
