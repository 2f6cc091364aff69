/** The completions of one command. */
export interface Completion {
  readonly name: string;
  readonly about: string;
  readonly options: readonly {
    readonly flags: readonly string[];
    readonly about: string;
    /** Allowed values: empty if any value is accepted, null if the option takes no value. */
    readonly values: readonly string[] | null;
  }[];
  /** Allowed values of the argument. */
  readonly words: readonly string[];
}

/** Generators of completion scripts. A script contains all words, so completing one starts no process. */
export const SHELLS: Readonly<Record<string, (commands: readonly Completion[]) => string>> = { bash, zsh, fish };

export function scriptFor(shell: string, commands: readonly Completion[]): string {
  const write = SHELLS[shell];
  if (write === undefined) throw new Error(`Completion is not supported for ${shell}.`);
  return write(commands);
}

function listFlags(command: Completion): string[] {
  return command.options.flatMap((option) => option.flags);
}

function bash(commands: readonly Completion[]): string {
  const cases = commands.map((command) => {
    const values = command.options
      .filter((option) => option.values !== null)
      .map((option) => `        ${option.flags.join("|")}) words=${quoteWord((option.values ?? []).join(" "))} ;;`);
    const otherwise = `        *) words=${quoteWord([...command.words, ...listFlags(command)].join(" "))} ;;`;
    return [`    ${command.name})`, '      case "$previous" in', ...values, otherwise, "      esac", "      ;;"].join(
      "\n",
    );
  });
  return `# railyard completion for bash
_railyard() {
  # Parse COMP_LINE: bash splits words at colons.
  local line="\${COMP_LINE:0:COMP_POINT}" all current previous words=""
  read -ra all <<< "$line"
  current=""
  [[ "$line" == *[[:space:]] ]] || current="\${all[-1]}"
  [[ -n "$current" ]] && unset 'all[-1]'
  previous="\${all[-1]}"
  case "\${all[1]}" in
    "") words=${quoteWord(commands.map((command) => command.name).join(" "))} ;;
${cases.join("\n")}
  esac
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
        const value = option.values === null ? "" : `:value:(${option.values.join(" ")})`;
        return quoteWord(`*${flag}[${about}]${value}`);
      }),
    );
    const words = command.words.length === 0 ? "" : ` ${quoteWord(`1:word:(${command.words.join(" ")})`)}`;
    return `    ${command.name}) _arguments -s ${specs.join(" ")}${words} ;;`;
  });
  return `#compdef railyard
# railyard completion for zsh
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

function fish(commands: readonly Completion[]): string {
  const lines = commands.flatMap(({ name, about, options, words }) => [
    `complete -c railyard -f -n __fish_use_subcommand -a ${quoteWord(name)} -d ${quoteWord(about)}`,
    ...words.map((word) => `complete -c railyard -f -n '__fish_seen_subcommand_from ${name}' -a ${quoteWord(word)}`),
    ...options.map((option) => {
      const flags = option.flags.map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
      const values = option.values === null ? "" : ` -x -a ${quoteWord(option.values.join(" "))}`;
      const when = `-n '__fish_seen_subcommand_from ${name}'`;
      return `complete -c railyard ${when} ${flags.join(" ")}${values} -d ${quoteWord(option.about)}`;
    }),
  ]);
  return `# railyard completion for fish\n${lines.join("\n")}\n`;
}

/** Quotes a word with single quotes, which all three shells accept. (fish also interprets backslashes; no word has one.) */
function quoteWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
