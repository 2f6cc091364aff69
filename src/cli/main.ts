#!/usr/bin/env node
import "../runtime/require-supported-node.js";
import { type Command, CommanderError } from "commander";
import { VERSION } from "../runtime/version.js";
import { EXIT, type ExitCode, Failure } from "./exit.js";
import { singleLine, wrapWords } from "./output/format.js";
import { createProgram } from "./program.js";

// The reader closed the pipe, as `head` does. This is not a failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? EXIT.done : EXIT.refused);
});

const program = createProgram(VERSION);

/** Returns the exit code and the lines to print on stderr. */
function toFailure(error: unknown): { exit: ExitCode; lines: readonly string[]; trace: readonly string[] } {
  if (error instanceof Failure) return error;
  if (error instanceof CommanderError) {
    // Commander has already printed the help or the version.
    if (error.exitCode === 0) return { exit: EXIT.done, lines: [], trace: [] };
    return { exit: EXIT.usage, lines: error.code === "commander.help" ? [] : [formatUsageError(error)], trace: [] };
  }
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return { exit: EXIT.refused, lines: [message], trace: [stack ?? ""] };
}

/** Formats a usage error as one line, with a hint to the help. */
function formatUsageError(error: CommanderError): string {
  const [message = "", suggestion] = error.message.replace(/^error: /, "").split("\n");
  const names = program.commands.map((command) => command.name());
  const [first = "", second = ""] = process.argv.slice(2).filter((word) => !word.startsWith("-"));
  const hint = names.includes(`${first}:${second}`) ? `(Did you mean ${first}:${second}?)` : suggestion;
  const known = findCommand(first) !== undefined;
  const help = known ? `railyard ${first} --help` : "railyard --help";
  const sentence = `${message.charAt(0).toUpperCase()}${message.slice(1).replace(/\.$/, "")}.`;
  return [sentence, ...(hint ? [hint.slice(1, -1)] : []), `See \`${help}\`.`].join(" ");
}

function findCommand(name: string): Command | undefined {
  return program.commands.find((command) => command.name() === name || command.aliases().includes(name));
}

try {
  await program.parseAsync();
} catch (error) {
  const { exit, lines, trace } = toFailure(error);
  const verbose = process.argv.includes("--verbose");
  const width = process.stderr.isTTY ? process.stderr.columns || 80 : Number.POSITIVE_INFINITY;
  // Suggested commands stay on one line, so that they can be pasted.
  for (const line of lines.map(singleLine)) {
    process.stderr.write(`${line.startsWith("  ") ? line : wrapWords(line, width)}\n`);
  }
  if (verbose) for (const line of trace) process.stderr.write(`  ${line}\n`);
  process.exitCode = exit;
}
