import type { Command } from "commander";
import { choice } from "../command.js";
import { type Completion, SHELLS, scriptFor } from "../completion.js";

/** Adds the command that prints the completion of every other; it comes last, so that it knows them all. */
export function addCompletion(program: Command): void {
  const shells = Object.keys(SHELLS);
  program
    .command("completion")
    .description("Print a completion script for your shell")
    .addArgument(choice("<shell>", "which shell", shells))
    .addHelpText(
      "after",
      [
        "",
        "Examples:",
        "  $ source <(railyard completion bash)   # in ~/.bashrc",
        "  $ source <(railyard completion zsh)    # in ~/.zshrc, after compinit",
        "  $ railyard completion fish > ~/.config/fish/completions/railyard.fish",
      ].join("\n"),
    )
    .action((shell: string) => {
      process.stdout.write(scriptFor(shell, findCompletions(program)));
    });
}

function findCompletions(program: Command): Completion[] {
  const everywhere = findOptions(program);
  return program.commands.flatMap((command) =>
    [command.name(), ...command.aliases()].map((name) => ({
      name,
      about: command.description(),
      options: [...findOptions(command), ...everywhere, { flags: ["--help"], about: "show its help", values: null }],
      words: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
    })),
  );
}

function findOptions(command: Command): Completion["options"] {
  return command.options.map((option) => ({
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    about: option.description,
    values: option.required || option.optional ? (option.argChoices ?? []) : null,
  }));
}
