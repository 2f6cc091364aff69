import { Argument, type Command, InvalidArgumentError, Option } from "commander";
import { Api } from "./api/client.js";
import { type Connection, type ConnectionFlags, findConnection } from "./auth/connection.js";
import { EXIT, type ExitCode, Failure, wrongUsage } from "./exit.js";
import { splitChecks } from "./options/checks.js";
import { Screen } from "./output/screen.js";

/** Options that every command accepts. */
export interface GlobalOptions extends ConnectionFlags {
  readonly json?: boolean;
  readonly verbose?: boolean;
  /** Show ids in tables. */
  readonly ids?: boolean;
}

/** The context of one command invocation. */
export interface CommandCall<Options> {
  readonly api: Api;
  readonly connection: Connection;
  readonly screen: Screen;
  /** Positional arguments in usage order; undefined for an omitted optional argument. */
  readonly args: readonly (string | undefined)[];
  readonly options: Options & GlobalOptions;
}

/** The output of a command, as JSON and as text. */
export interface CommandResult {
  /** Printed by `--json`: an API object or a list of them, with the API's field names. */
  readonly document: unknown;
  /** Prints the result for a terminal or a pipe. */
  text(screen: Screen): Promise<void> | void;
  readonly exit?: ExitCode;
}

/** The definition of a command, from which `--help` is generated. */
export interface Description {
  /** Name and arguments, for example `apps:info [app]`. */
  readonly usage: string;
  readonly alias?: string;
  readonly about: string;
  /** Complete command lines without the leading `railyard`. */
  readonly examples: readonly string[];
  /** Further paragraphs of the help text. */
  readonly notes?: readonly string[];
  readonly options?: readonly Option[];
  /** The allowed values of the first argument. */
  readonly choices?: readonly string[];
}

/**
 * Adds a command to the program. Prints the returned result as JSON or text. A command that streams its output prints
 * it itself and returns an exit code or nothing.
 */
export function define<Options = object>(
  program: Command,
  { usage, alias, about, examples, notes = [], options = [], choices }: Description,
  // biome-ignore lint/suspicious/noConfusingVoidType: a command without a result returns nothing.
  run: (call: CommandCall<Options>) => Promise<CommandResult | ExitCode | void>,
): void {
  const command = program.command(usage).description(about);
  if (alias !== undefined) command.alias(alias);
  for (const option of options) command.addOption(option);
  if (choices !== undefined) command.registeredArguments[0]?.choices(choices);
  const lines = examples.map((example) => `  $ railyard ${example}`);
  command.addHelpText("after", ["", ...notes.flatMap((note) => [note, ""]), "Examples:", ...lines].join("\n"));
  command.action(async () => {
    const parsed = command.optsWithGlobals<Options & GlobalOptions>();
    const result = await withTrace(createCall(parsed, command.processedArgs), run).catch((error: unknown) => {
      if (error instanceof Failure && error.document !== undefined && parsed.json === true) {
        createScreen(parsed).document(error.document);
      }
      throw error;
    });
    if (typeof result === "number") process.exitCode = result;
    if (typeof result !== "object") return;
    const screen = createScreen(parsed);
    if (screen.reader === "json") screen.document(result.document);
    else await result.text(screen);
    if (result.exit !== undefined) process.exitCode = result.exit;
  });
}

function createScreen(options: GlobalOptions): Screen {
  return new Screen(options.json === true, options.ids === true, process.env);
}

/** Adds the last API request to a failure that has no trace. */
async function withTrace<Options, Result>(
  call: CommandCall<Options>,
  run: (call: CommandCall<Options>) => Promise<Result>,
) {
  try {
    return await run(call);
  } catch (error) {
    if (!(error instanceof Failure) || error.trace.length > 0 || error.exit === EXIT.usage) throw error;
    throw new Failure(error.exit, error.lines, call.api.lastResponse, error.document);
  }
}

/** Resolves the connection lazily: `login` and `serve` must work without a stored login. */
function createCall<Options>(
  options: Options & GlobalOptions,
  args: readonly (string | undefined)[],
): CommandCall<Options> {
  let connection: Connection | undefined;
  let api: Api | undefined;
  return {
    args,
    options,
    screen: createScreen(options),
    get connection() {
      connection ??= findConnection(options, process.env);
      return connection;
    },
    get api() {
      api ??= new Api(this.connection);
      return api;
    },
  };
}

/** Creates a commander option. */
export function option(flags: string, about: string): Option {
  return new Option(flags, about);
}

export const appOption = () => option("-a, --app <app>", "the app, by name or id");

export const idempotencyOption = () =>
  option("--idempotency-key <key>", "return the first result if the key is repeated within 24 hours");

/** An option that takes one value of an API enum, case-insensitively. */
export function enumOption(flags: string, about: string, values: readonly string[]): Option {
  const choices = values.map((value) => value.toLowerCase().replaceAll("_", "-"));
  const made = new Option(flags, about).argParser((text: string) => {
    const value = text.toUpperCase().replaceAll("-", "_");
    if (!values.includes(value)) throw new InvalidArgumentError(`Must be one of ${choices.join(", ")}.`);
    return value;
  });
  // For the help and shell completion. `choices()` would compare case-sensitively.
  made.argChoices = choices;
  return made;
}

/** A list option. `-t a -t b`, `-t a b` and `-t a,b` are equivalent. */
export function listOption(flags: string, about: string, split = splitAtCommas): Option {
  return new Option(flags, about).argParser((text: string, earlier: string[] | undefined) => {
    const items = split(text);
    if (items.includes("")) throw new InvalidArgumentError("The list contains an empty item.");
    return [...(earlier ?? []), ...items];
  });
}

function splitAtCommas(text: string): string[] {
  return text.split(",").map((item) => item.trim());
}

/** Required status checks. A name may contain commas. */
export const checksOption = () =>
  listOption("-c, --checks <check...>", "required status checks, for example -c ci/build,qa/smoke", splitChecks);

/** How to list checks; a paragraph of the help text. */
export const CHECKS_NOTE =
  "-c a -c b, -c a b and -c a,b are equivalent. A comma before a space belongs to the name, as in\n" +
  "-c 'test (ubuntu-latest, 18)'. Escape any other comma within a name: -c 'a\\,b'.";

/** An option that takes an integer of at least `min`. */
export function integerOption(flags: string, about: string, min: number): Option {
  return new Option(flags, about).argParser((text: string) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min) return value;
    throw new InvalidArgumentError(`Must be an integer from ${min} to 999999999.`);
  });
}

/** The maximum number of items to show; at least 1. */
export function limitOption(fallback: number | null): Option {
  const made = integerOption("-n, --limit <count>", "maximum number of items to show", 1);
  return fallback === null ? made : made.default(fallback);
}

/** Returns the name given as an argument or with `-a`. */
export function requireName(what: string, argument: string | undefined, flag: string | undefined): string {
  if (argument !== undefined && flag !== undefined && argument !== flag) {
    throw wrongUsage(`Specify one ${what}; got "${argument}" and -a "${flag}".`);
  }
  const name = argument ?? flag;
  if (name === undefined) throw wrongUsage(`Specify the ${what} as an argument or with -a.`);
  return name;
}

/** Makes an option mandatory. */
export function required(made: Option): Option {
  return made.makeOptionMandatory();
}

/** An argument that takes one of a fixed set of values. */
export function choice(name: string, about: string, values: readonly string[]): Argument {
  return new Argument(name, about).choices(values);
}
