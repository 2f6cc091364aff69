import { readFileSync } from "node:fs";

/** One instruction of a Dockerfile, as `COPY --from=build /app/dist ./dist`. */
export interface Instruction {
  readonly line: number;
  /** In capitals. */
  readonly name: string;
  /** The options in front, as `--from=build`, by their names. */
  readonly flags: ReadonlyMap<string, string>;
  /** What follows them, its lines joined. */
  readonly text: string;
}

/** A stage: the image it starts from, and the instructions after FROM. */
export interface Stage {
  readonly base: string;
  /** Given by AS; without it, its number. */
  readonly name: string;
  readonly instructions: readonly Instruction[];
}

/** The stages of a Dockerfile. Fails on what comes before the first one, as ARG may; there is no need for it here. */
export function readDockerfile(path: string): Stage[] {
  const stages: { base: string; name: string; instructions: Instruction[] }[] = [];
  for (const instruction of readInstructions(path)) {
    if (instruction.name === "FROM") {
      const [base = "", as, name = String(stages.length)] = instruction.text.split(/\s+/);
      if (as !== undefined && as.toUpperCase() !== "AS") throw new Error(`${path}:${instruction.line}: ${as}?`);
      stages.push({ base, name, instructions: [] });
    } else {
      const stage = stages.at(-1);
      if (stage === undefined) throw new Error(`${path}:${instruction.line}: ${instruction.name} before FROM.`);
      stage.instructions.push(instruction);
    }
  }
  return stages;
}

function readInstructions(path: string): Instruction[] {
  const instructions: Instruction[] = [];
  let pending = "";
  let first = 0;
  for (const [index, line] of readFileSync(path, "utf8").split("\n").entries()) {
    // Comments and empty lines are left out, inside of an instruction as well.
    if (/^\s*(#|$)/.test(line)) continue;
    if (pending === "") first = index + 1;
    const continues = /\\\s*$/.test(line);
    pending += `${line.replace(/\\?\s*$/, "").trim()} `;
    if (continues) continue;
    instructions.push(parseInstruction(pending.trim(), first));
    pending = "";
  }
  if (pending !== "") throw new Error(`${path}:${first}: the last line ends with a backslash.`);
  return instructions;
}

function parseInstruction(text: string, line: number): Instruction {
  const [, name = "", rest = ""] = /^([A-Za-z]+)\s+(.*)$/s.exec(text) ?? [];
  if (name === "") throw new Error(`Line ${line} is not an instruction: ${text}`);
  const flags = new Map<string, string>();
  let remaining = rest;
  for (
    let match = /^--([a-z-]+)=(\S+)\s+/.exec(remaining);
    match !== null;
    match = /^--([a-z-]+)=(\S+)\s+/.exec(remaining)
  ) {
    const [whole, flag = "", value = ""] = match;
    flags.set(flag, value);
    remaining = remaining.slice(whole.length);
  }
  return { line, name: name.toUpperCase(), flags, text: remaining };
}

/** The command of CMD, ENTRYPOINT or HEALTHCHECK CMD, which must be an array: there is no shell to read anything else. */
export function parseExec(text: string): string[] {
  const found: unknown = JSON.parse(text);
  if (!Array.isArray(found) || !found.every((part) => typeof part === "string"))
    throw new Error(`Not a command: ${text}`);
  return found;
}
