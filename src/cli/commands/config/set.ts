import type { Command } from "commander";
import type { Api } from "../../api/client.js";
import { SetConfigDocument, type SetConfigInput } from "../../api/generated.js";
import { askSecret } from "../../auth/secret.js";
import { appOption, type CommandResult, define, integerOption, option, requireName } from "../../command.js";
import { wrongUsage } from "../../exit.js";
import { appLabel, phase } from "../../output/format.js";

interface ChangeOptions {
  readonly app?: string;
  readonly expectedVersion?: number;
}

interface SetOptions extends ChangeOptions {
  readonly secret?: boolean;
  readonly plain?: boolean;
  readonly required?: boolean;
  readonly description?: string;
}

interface Pair {
  readonly key: string;
  /** Undefined to keep the value. */
  readonly value?: string;
}

const versionOption = () =>
  integerOption("--expected-version <version>", "refuse the change if the config is at another version", 0);

export function addConfigSetting(program: Command): void {
  define<SetOptions>(
    program,
    {
      usage: "config:set <pairs...>",
      about: "Set config vars of an app; values can be read from standard input",
      examples: [
        "config:set LOG_LEVEL=info --plain -a myapp-space-dev",
        "config:set DATABASE_URL -a myapp-space-dev < database-url.txt",
        "config:set - -a myapp-space-dev < myapp.env",
        "config:set SENTRY_DSN --required --description 'Where errors go' -a myapp-space-dev",
      ],
      notes: [
        "Values on the command line stay in the history of the shell. KEY alone reads the value from a pipe, or asks\n" +
          "for it on a terminal; - reads lines of KEY=VALUE, without empty lines and those that begin with #.\n" +
          "With --required, --no-required or --description, KEY alone keeps its value.",
      ],
      options: [
        appOption(),
        option("--secret", "only administrators and tokens with --read-config may read the values (default)"),
        option("--plain", "everyone who may see the app may read the values"),
        option("--required", "block promotions into the app while the keys are not set"),
        option("--no-required", "do not require the keys any longer"),
        option("-d, --description <text>", "what the config vars are for"),
        versionOption(),
      ],
    },
    async ({ api, args, options }) => {
      const { app, secret, plain, required, description, expectedVersion } = options;
      if (secret === true && plain === true) throw wrongUsage("Specify --secret or --plain, not both.");
      const marks = required !== undefined || description !== undefined;
      const pairs = await readPairs(variadic(args), marks);
      const set = pairs.map(({ key, value }) => ({
        key,
        ...(value !== undefined && { value, secret: plain !== true }),
        ...(required !== undefined && { required }),
        ...(description !== undefined && { description }),
      }));
      return change(api, { app: requireName("app", undefined, app), set, expectedVersion });
    },
  );

  define<ChangeOptions>(
    program,
    {
      usage: "config:unset <keys...>",
      about: "Unset config vars of an app",
      examples: ["config:unset OLD_FLAG -a myapp-space-dev"],
      notes: ["A key that the app requires stays required: promotions are blocked until it is set again."],
      options: [appOption(), versionOption()],
    },
    async ({ api, args, options: { app, expectedVersion } }) =>
      change(api, { app: requireName("app", undefined, app), unset: variadic(args), expectedVersion }),
  );
}

/** The values of an argument with `...`. */
function variadic([first]: readonly unknown[]): string[] {
  return Array.isArray(first) ? first.map(String) : [];
}

async function change(api: Api, input: SetConfigInput): Promise<CommandResult> {
  const { setConfig } = await api.run(SetConfigDocument, { input });
  const { app, release } = setConfig;
  return {
    document: setConfig,
    text: (screen) => {
      screen.line(`${appLabel(app, screen.paint)} config is at version ${app.configVersion}`);
      if (release !== null) screen.line(`Release v${release.version} ${phase(release.phase, screen.paint)}`);
    },
  };
}

/** @param marks whether a key without a value keeps its value, because only its description or requirement is set */
async function readPairs(words: readonly string[], marks: boolean): Promise<Pair[]> {
  if (words.includes("-")) {
    if (words.length > 1) throw wrongUsage("- reads all config vars from standard input: name no others.");
    return parseLines(await readInput());
  }
  const pairs: Pair[] = [];
  const bare = words.filter((word) => !word.includes("="));
  if (!marks && bare.length > 1 && process.stdin.isTTY !== true) {
    throw wrongUsage("Only one value can be read from a pipe. Use - for lines of KEY=VALUE.");
  }
  for (const word of words) {
    const at = word.indexOf("=");
    if (at >= 0) pairs.push({ key: word.slice(0, at), value: word.slice(at + 1) });
    else if (marks) pairs.push({ key: word });
    else pairs.push({ key: word, value: await readValue(word) });
  }
  return pairs;
}

async function readValue(key: string): Promise<string> {
  if (process.stdin.isTTY === true) return askSecret(`Value of ${key}: `);
  return (await readInput()).replace(/\r?\n$/, "");
}

async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

function parseLines(text: string): Pair[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    if (line.trim() === "" || line.startsWith("#")) return [];
    const at = line.indexOf("=");
    // The line is not quoted: it may hold a secret.
    if (at < 0) throw wrongUsage(`Line ${index + 1} of standard input must be KEY=VALUE.`);
    return [{ key: line.slice(0, at), value: line.slice(at + 1) }];
  });
}
