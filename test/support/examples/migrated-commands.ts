import { readFileSync } from "node:fs";

/** The commands of an old command line, as docs/migrate.md lists them. `x:*` stands for all commands that begin with `x:`. */
export interface MigratedCommands {
  readonly works: readonly string[];
  readonly differs: readonly string[];
  readonly others: readonly string[];
}

/** Reads the table of a client from docs/migrate.md. */
export function readCommands(client: "aka" | "heroku"): MigratedCommands {
  const text = readFileSync("docs/migrate.md", "utf8");
  const section = text.split(`### \`${client}\`\n`)[1]?.split("\n#")[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("| "));
  const commands = (kind: string) =>
    rows
      .filter((row) => row.startsWith(`| ${kind} |`))
      .flatMap((row) => [...(row.split("|")[2] ?? "").matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ""));
  return {
    works: commands("works"),
    differs: commands("differs"),
    others: [...commands("not supported"), ...commands("no server")],
  };
}

/** Returns the commands that the table does not list. */
export function findUndocumented(commands: readonly string[], { works, differs, others }: MigratedCommands): string[] {
  const listed = new Set([...works, ...differs, ...others]);
  const topics = [...listed].filter((entry) => entry.endsWith(":*")).map((entry) => entry.slice(0, -1));
  return commands.filter((command) => !listed.has(command) && !topics.some((topic) => command.startsWith(topic)));
}
