import type { Command } from "commander";
import type { Api } from "../../api/client.js";
import {
  ConfigDocument,
  type ConfigQuery,
  ConfigValuesDocument,
  type ConfigVarFragment,
  RotateConfigKeysDocument,
} from "../../api/generated.js";
import { appOption, define, option, requireName } from "../../command.js";
import { EXIT, Failure, notFound } from "../../exit.js";
import { singleLine } from "../../output/format.js";
import type { Column, Screen } from "../../output/screen.js";

type AppConfig = NonNullable<ConfigQuery["app"]>;
type VarWithValue = ConfigVarFragment & { readonly value: string | null };

export function addConfigReading(program: Command): void {
  define<{ app?: string; reveal?: boolean }>(
    program,
    {
      usage: "config [app]",
      about: "List the config vars of an app; secrets are shown by their fingerprints",
      examples: ["config myapp-space-dev", "config -a myapp-space-dev --reveal --json"],
      notes: [
        "Columns in a pipe: key, value, fingerprint, secret or public, required or optional, description.\n" +
          "--reveal shows secrets too, which needs the ADMIN role or a token with --read-config, and is on record.",
      ],
      options: [appOption(), option("--reveal", "show the values of secrets")],
    },
    async ({ api, args, options }) => {
      const app = await findConfig(api, requireName("app", args[0], options.app));
      const vars = await readValues(api, app, options.reveal === true);
      return { document: { ...app, config: vars }, text: (screen) => print(screen, app, vars) };
    },
  );

  define<{ app?: string }>(
    program,
    {
      usage: "config:get <key>",
      about: "Print the value of a config var, and nothing else",
      examples: [
        "config:get LOG_LEVEL -a myapp-space-dev",
        'export DATABASE_URL="$(railyard config:get DATABASE_URL -a myapp)"',
      ],
      notes: ["To read a secret needs the ADMIN role or a token with --read-config, and is on record."],
      options: [appOption()],
    },
    async ({ api, args: [key = ""], options }) => {
      const name = requireName("app", undefined, options.app);
      const { app } = await api.run(ConfigValuesDocument, { app: name, keys: [key] });
      if (app === null) throw notFound(`app "${name}"`);
      const [found] = app.config;
      if (found === undefined) throw notFound(`config var ${key} of ${name}`);
      if (found.value === null) {
        throw new Failure(EXIT.refused, [
          `${key} is secret: reading it needs the ADMIN role or a token with --read-config.`,
        ]);
      }
      const { value } = found;
      return { document: found, text: () => void process.stdout.write(`${value}\n`) };
    },
  );

  define(
    program,
    {
      usage: "config:diff <app> <other>",
      about: "Compare the config vars of two apps, without reading values",
      examples: ["config:diff myapp-space-dev myapp-space-qa"],
      notes: [
        "Columns in a pipe: key, and what differs. Values are compared by fingerprints, which only apps of the same\n" +
          "pipeline share; otherwise only keys are compared.",
      ],
    },
    async ({ api, args: [first = "", second = ""] }) => {
      const [one, other] = await Promise.all([findConfig(api, first), findConfig(api, second)]);
      const rows = compare(one, other);
      const columns: Column<Difference>[] = [
        { title: "Key", value: (row) => row.key, narrow: "whole" },
        { title: "Difference", value: (row) => row.difference },
      ];
      return { document: rows, text: (screen) => screen.table(columns, rows, "No differences.") };
    },
  );

  define<{ dryRun?: boolean }>(
    program,
    {
      usage: "config:rotate",
      about: "Re-encrypt with the first key of CONFIG_KEYS; requires the ADMIN role",
      examples: ["config:rotate", "config:rotate --dry-run"],
      notes: ["First set CONFIG_KEYS to the new and the old key on every instance, and restart them."],
      options: [option("--dry-run", "only count the keys that would be re-encrypted")],
    },
    async ({ api, options }) => {
      const { rotateConfigKeys } = await api.run(RotateConfigKeysDocument, { input: { dryRun: options.dryRun } });
      const { key, rotated, missing } = rotateConfigKeys;
      return {
        document: rotateConfigKeys,
        text: (screen) => {
          screen.line(`${options.dryRun === true ? "Would re-encrypt" : "Re-encrypted"} ${rotated} keys with ${key}.`);
          if (missing.length > 0) screen.line(`Missing from CONFIG_KEYS, and still needed: ${missing.join(", ")}.`);
        },
        ...(missing.length > 0 && { exit: EXIT.refused }),
      };
    },
  );
}

async function findConfig(api: Api, name: string): Promise<AppConfig> {
  const { app } = await api.run(ConfigDocument, { app: name });
  if (app === null) throw notFound(`app "${name}"`);
  return app;
}

/** Adds the values to config vars; to secret ones only with `reveal`. */
async function readValues(api: Api, { id, config }: AppConfig, reveal: boolean): Promise<VarWithValue[]> {
  const keys = config.filter((one) => reveal || !one.secret).map((one) => one.key);
  const { app } = keys.length === 0 ? { app: null } : await api.run(ConfigValuesDocument, { app: id, keys });
  const values = new Map(app?.config.map(({ key, value }) => [key, value]));
  return config.map((one) => ({ ...one, value: values.get(one.key) ?? null }));
}

function print(screen: Screen, app: AppConfig, vars: readonly VarWithValue[]): Promise<void> | void {
  const columns: Column<VarWithValue>[] = [
    { title: "Key", value: (one) => one.key, narrow: "whole" },
    { title: "Value", value: (one) => one.value ?? "", shown: (one) => shownValue(screen, one) },
    { title: "Fingerprint", value: (one) => one.fingerprint, narrow: "left out" },
    { title: "Kind", value: (one) => (one.secret ? "secret" : "public"), only: "pipe" },
    { title: "Required", value: (one) => (one.required ? "required" : "optional"), narrow: "left out" },
    { title: "Description", value: (one) => one.description ?? "", narrow: "left out" },
  ];
  const unset = app.requiredConfig.filter((key) => vars.every((one) => one.key !== key));
  if (unset.length > 0) screen.note(`Required, but not set: ${unset.join(", ")}.`);
  return screen.table(columns, vars, `No config vars. Set one with \`railyard config:set KEY -a ${app.name}\`.`);
}

function shownValue({ paint }: Screen, one: VarWithValue): string {
  return one.value === null ? paint.dim("(secret)") : singleLine(one.value);
}

interface Difference {
  readonly key: string;
  readonly difference: string;
}

function compare(one: AppConfig, other: AppConfig): Difference[] {
  const prints = [one, other].map(({ config }) => new Map(config.map(({ key, fingerprint }) => [key, fingerprint])));
  const [here = new Map<string, string>(), there = new Map<string, string>()] = prints;
  const pipeline = one.coupling?.pipeline.id;
  const comparable = pipeline !== undefined && pipeline === other.coupling?.pipeline.id;
  return [...new Set([...here.keys(), ...there.keys()])].sort().flatMap((key) => {
    if (!there.has(key)) return [{ key, difference: `only in ${one.name}` }];
    if (!here.has(key)) return [{ key, difference: `only in ${other.name}` }];
    return comparable && here.get(key) !== there.get(key) ? [{ key, difference: "different values" }] : [];
  });
}
