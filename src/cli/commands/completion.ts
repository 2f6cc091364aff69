import type { Command } from "commander";
import { choice } from "../command.js";
import { type Completion, SHELLS, scriptFor } from "../completion.js";

/** Adds the `completion` command. Call it last, so that the scripts include all commands. */
export function addCompletion(program: Command): void {
  const shells = Object.keys(SHELLS);
  program
    .command("completion")
    .description("Print a shell completion script")
    .addArgument(choice("<shell>", "the shell", shells))
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
  const globalOptions = findOptions(program);
  return program.commands.flatMap((command) =>
    [command.name(), ...command.aliases()].map((name) => ({
      name,
      about: command.description(),
      options: [...findOptions(command), ...globalOptions, { flags: ["--help"], about: "show help", values: null }],
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
