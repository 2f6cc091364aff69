import { Argument, type Command, InvalidArgumentError, Option } from "commander";
import { Api } from "./api/client.js";
import { type Connection, type ConnectionFlags, findConnection } from "./auth/connection.js";
import { EXIT, type ExitCode, Failure, wrongUsage } from "./exit.js";
import { Screen } from "./output/screen.js";

/** The options that every command has. */
export interface GlobalOptions extends ConnectionFlags {
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/** What a command works with. */
export interface CommandCall<Options> {
  readonly api: Api;
  readonly connection: Connection;
  readonly screen: Screen;
  /** In the order of the usage; undefined where an optional one was left out. */
  readonly args: readonly (string | undefined)[];
  readonly options: Options & GlobalOptions;
}

/** What a command has to tell, in both of its forms. */
export interface CommandResult {
  /** What `--json` prints: an object of the API, or a list of them, under the API's own names. */
  readonly document: unknown;
  /** What people and pipes get. */
  text(screen: Screen): Promise<void> | void;
  readonly exit?: ExitCode;
}

/** What a command is, in the words of its `--help`. */
export interface Description {
  /** Its name and arguments, as `apps:info [app]`. */
  readonly usage: string;
  readonly alias?: string;
  readonly about: string;
  /** Lines that work as they stand, without the leading `railyard`. */
  readonly examples: readonly string[];
  /** What else its help says, a paragraph each. */
  readonly notes?: readonly string[];
  readonly options?: readonly Option[];
}

/**
 * Adds a command to the program. What `work` answers is printed in the form that was asked for; one that streams prints by
 * itself and answers the code to end with, or nothing.
 */
export function define<Options = object>(
  program: Command,
  { usage, alias, about, examples, notes = [], options = [] }: Description,
  // biome-ignore lint/suspicious/noConfusingVoidType: a command that has nothing to answer returns nothing.
  work: (call: CommandCall<Options>) => Promise<CommandResult | ExitCode | void>,
): void {
  const command = program.command(usage).description(about);
  if (alias !== undefined) command.alias(alias);
  for (const option of options) command.addOption(option);
  const lines = examples.map((example) => `  $ railyard ${example}`);
  command.addHelpText("after", ["", ...notes.flatMap((note) => [note, ""]), "Examples:", ...lines].join("\n"));
  command.action(async () => {
    const given = command.optsWithGlobals<Options & GlobalOptions>();
    const answer = await withTrace(createCall(given, command.processedArgs), work);
    if (typeof answer === "number") process.exitCode = answer;
    if (typeof answer !== "object") return;
    const screen = createScreen(given);
    if (screen.reader === "json") screen.document(answer.document);
    else await answer.text(screen);
    if (answer.exit !== undefined) process.exitCode = answer.exit;
  });
}

function createScreen(options: GlobalOptions): Screen {
  return new Screen(options.json === true, process.env);
}

/** Lets a failure know what was asked last, where it does not know better. */
async function withTrace<Options, Result>(
  call: CommandCall<Options>,
  work: (call: CommandCall<Options>) => Promise<Result>,
) {
  try {
    return await work(call);
  } catch (error) {
    if (!(error instanceof Failure) || error.trace.length > 0 || error.exit === EXIT.usage) throw error;
    throw new Failure(error.exit, error.lines, call.api.lastAnswer);
  }
}

/** Looks for the service only when a command asks for it: `login` and `serve` must work where nobody is signed in. */
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

/** An option, as commander takes it. */
export function option(flags: string, about: string): Option {
  return new Option(flags, about);
}

export const appOption = () => option("-a, --app <app>", "the app, by name or id");

/** An option of which one of the API's enum values is meant; the case does not matter. */
export function oneOf(flags: string, about: string, values: readonly string[]): Option {
  const choices = values.map((value) => value.toLowerCase());
  const made = new Option(flags, `${about} (${choices.join(", ")})`).argParser((text: string) => {
    const value = text.toUpperCase().replaceAll("-", "_");
    if (!values.includes(value)) throw new InvalidArgumentError(`It must be one of ${choices.join(", ")}.`);
    return value;
  });
  // For the completion; `choices()` itself would look at the case.
  made.argChoices = choices;
  return made;
}

/** A list: `-c a -c b`, `-c a b` and `-c a,b` are the same. */
export function listOption(flags: string, about: string): Option {
  return new Option(flags, about).argParser((text: string, earlier: string[] | undefined) => {
    const items = text.split(",").map((item) => item.trim());
    if (items.includes("")) throw new InvalidArgumentError("An item of the list is empty.");
    return [...(earlier ?? []), ...items];
  });
}

/** How many of a list to show, at least 1. */
export function limitOption(fallback: number | null): Option {
  const made = new Option("-n, --limit <count>", "how many to show at most").argParser((text: string) => {
    if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
    throw new InvalidArgumentError("It must be a number above zero.");
  });
  return fallback === null ? made : made.default(fallback);
}

/** What was named by an argument or by `-a`: one of the two. */
export function named(what: string, argument: string | undefined, flag: string | undefined): string {
  if (argument !== undefined && flag !== undefined && argument !== flag) {
    throw wrongUsage(`Both "${argument}" and "${flag}" are given, and one ${what} is meant.`);
  }
  const name = argument ?? flag;
  if (name === undefined) throw wrongUsage(`Which ${what} is meant must be said: as the argument, or with -a.`);
  return name;
}

/** An option that must be there. */
export function required(made: Option): Option {
  return made.makeOptionMandatory();
}

/** An argument that takes one of a few words. */
export function choice(name: string, about: string, values: readonly string[]): Argument {
  return new Argument(name, about).choices(values);
}
