/** What the shell completes from the service. */
export const NAME_KINDS = ["apps", "pipelines"] as const;
export type NameKind = (typeof NAME_KINDS)[number];

/** The completions of one command. */
export interface Completion {
  readonly name: string;
  readonly about: string;
  readonly options: readonly {
    readonly flags: readonly string[];
    readonly about: string;
    /** Allowed values: empty if any value is accepted, null if the option takes no value. */
    readonly values: readonly string[] | null;
    /** The names that are values. */
    readonly names?: NameKind | undefined;
  }[];
  /** Allowed values of the argument. */
  readonly words: readonly string[];
  /** The names that are values of the argument. */
  readonly names?: NameKind | undefined;
}

/**
 * Generators of completion scripts. A script contains all words, so completing one starts no process. Only the names of
 * apps and pipelines are read from the service.
 */
export const SHELLS: Readonly<Record<string, (commands: readonly Completion[]) => string>> = { bash, zsh, fish };

export function scriptFor(shell: string, commands: readonly Completion[]): string {
  const write = SHELLS[shell];
  if (write === undefined) throw new Error(`Completion is not supported for ${shell}.`);
  return write(commands);
}

/** Prints the names, one per line. */
function namesCommand(kind: NameKind | "$1" | "$names"): string {
  return `railyard completion --names ${kind} 2>/dev/null`;
}

function listFlags(command: Completion): string[] {
  return command.options.flatMap((option) => option.flags);
}

function bash(commands: readonly Completion[]): string {
  const cases = commands.map((command) => {
    const values = command.options
      .filter((option) => option.values !== null)
      .map(({ flags, values, names = "" }) => {
        return `        ${flags.join("|")}) words=${quoteWord((values ?? []).join(" "))} names=${quoteWord(names)} ;;`;
      });
    const words = quoteWord([...command.words, ...listFlags(command)].join(" "));
    const otherwise = `        *) words=${words} names=${quoteWord(command.names ?? "")} ;;`;
    return [`    ${command.name})`, '      case "$previous" in', ...values, otherwise, "      esac", "      ;;"].join(
      "\n",
    );
  });
  return `# railyard completion for bash
_railyard() {
  # Parse COMP_LINE: bash splits words at colons.
  local line="\${COMP_LINE:0:COMP_POINT}" all current previous words="" names=""
  read -ra all <<< "$line"
  current=""
  [[ "$line" == *[[:space:]] ]] || current="\${all[-1]}"
  [[ -n "$current" ]] && unset 'all[-1]'
  previous="\${all[-1]}"
  case "\${all[1]}" in
    "") words=${quoteWord(commands.map((command) => command.name).join(" "))} ;;
${cases.join("\n")}
  esac
  # compgen expands the words. The command prints only letters, digits and dashes.
  [[ -n "$names" && "$current" != -* ]] && words+=" $(${namesCommand("$names")})"
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  # Remove the prefix up to the last colon: it is already on the line.
  if [[ "$current" == *:* && "$COMP_WORDBREAKS" == *:* ]]; then
    local before="\${current%"\${current##*:}"}"
    COMPREPLY=("\${COMPREPLY[@]#"$before"}")
  fi
}
complete -o default -F _railyard railyard
`;
}

function zsh(commands: readonly Completion[]): string {
  const described = commands.map(({ name, about }) => `    ${quoteWord(`${name.replaceAll(":", "\\:")}:${about}`)}`);
  const cases = commands.map((command) => {
    const specs = command.options.flatMap((option) =>
      option.flags.map((flag) => {
        const about = option.about.replace(/[[\]:]/g, " ");
        const value = option.values === null ? "" : `:value:${zshValues(option.values, option.names)}`;
        return quoteWord(`*${flag}[${about}]${value}`);
      }),
    );
    const hasWords = command.words.length > 0 || command.names !== undefined;
    const words = hasWords ? ` ${quoteWord(`1:word:${zshValues(command.words, command.names)}`)}` : "";
    return `    ${command.name}) _arguments -s ${specs.join(" ")}${words} ;;`;
  });
  return `#compdef railyard
# railyard completion for zsh
_railyard_names() {
  local -a names
  names=(\${(f)"$(${namesCommand("$1")})"})
  compadd -a names
}
_railyard() {
  local -a commands
  commands=(
${described.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local name="$words[2]"
  shift words
  (( CURRENT-- ))
  case "$name" in
${cases.join("\n")}
  esac
}
compdef _railyard railyard
`;
}

/**
 * The values of an option or argument for `_arguments`. A leading space passes no further arguments to the function.
 */
function zshValues(values: readonly string[], names: NameKind | undefined): string {
  return names === undefined ? `(${values.join(" ")})` : ` _railyard_names ${names}`;
}

function fish(commands: readonly Completion[]): string {
  const lines = commands.flatMap(({ name, about, options, words, names }) => [
    `complete -c railyard -f -n __fish_use_subcommand -a ${quoteWord(name)} -d ${quoteWord(about)}`,
    ...words.map((word) => `complete -c railyard -f -n '__fish_seen_subcommand_from ${name}' -a ${quoteWord(word)}`),
    ...(names === undefined
      ? []
      : [`complete -c railyard -f -n '__fish_seen_subcommand_from ${name}' -a ${fishNames(names)}`]),
    ...options.map((option) => {
      const flags = option.flags.map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
      const listed = option.names === undefined ? quoteWord((option.values ?? []).join(" ")) : fishNames(option.names);
      const values = option.values === null ? "" : ` -x -a ${listed}`;
      const when = `-n '__fish_seen_subcommand_from ${name}'`;
      return `complete -c railyard ${when} ${flags.join(" ")}${values} -d ${quoteWord(option.about)}`;
    }),
  ]);
  return `# railyard completion for fish\n${lines.join("\n")}\n`;
}

function fishNames(names: NameKind): string {
  return quoteWord(`(${namesCommand(names)})`);
}

/**
 * Quotes a word with single quotes, which all three shells accept. (fish also interprets backslashes; no word has one.)
 */
function quoteWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
