import { type Command, Option } from "commander";
import { choice, type GlobalOptions } from "../command.js";
import { type Completion, NAME_KINDS, type NameKind, SHELLS, scriptFor } from "../completion/scripts.js";
import { wrongUsage } from "../exit.js";

/** Adds the `completion` command. Call it last, so that the scripts include all commands. */
export function addCompletion(program: Command): void {
  const shells = Object.keys(SHELLS);
  program
    .command("completion")
    .description("Print a shell completion script")
    .addArgument(choice("[shell]", "the shell", shells))
    // Called by the completion scripts.
    .addOption(new Option("--names <kind>").choices(NAME_KINDS).hideHelp())
    .addHelpText(
      "after",
      [
        "",
        "Completes commands and options, and the names of apps and pipelines. The names come from the service of RAILYARD_URL",
        "or the stored login, and are cached for a minute.",
        "",
        "Examples:",
        "  $ source <(railyard completion bash)   # in ~/.bashrc",
        "  $ source <(railyard completion zsh)    # in ~/.zshrc, after compinit",
        "  $ railyard completion fish > ~/.config/fish/completions/railyard.fish",
      ].join("\n"),
    )
    .action(async (shell: string | undefined, _, command: Command) => {
      const { names, ...flags } = command.optsWithGlobals<GlobalOptions & { names?: NameKind }>();
      if (names !== undefined) {
        // Loaded only here, because it loads `node:crypto`.
        const { listNames } = await import("../completion/names.js");
        for (const name of await listNames(names, flags, process.env)) process.stdout.write(`${name}\n`);
      } else if (shell !== undefined) {
        process.stdout.write(scriptFor(shell, findCompletions(program)));
      } else {
        throw wrongUsage(`Specify the shell: ${shells.join(", ")}.`);
      }
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
      names: nameKind(command.registeredArguments[0]?.name()),
    })),
  );
}

function findOptions(command: Command): Completion["options"] {
  const shown = command.options.filter(({ hidden }) => !hidden);
  return shown.map((option) => ({
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    about: option.description,
    values: option.required || option.optional ? (option.argChoices ?? []) : null,
    names: nameKind(/<([\w-]+)/.exec(option.flags)?.[1]),
  }));
}

/** The names that complete an argument or the value of an option, by its name in the usage. */
function nameKind(argument: string | undefined): NameKind | undefined {
  if (argument === "app") return "apps";
  return argument === "pipeline" || argument === "pipeline-or-coupling" ? "pipelines" : undefined;
}
