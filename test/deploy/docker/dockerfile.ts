import { readFileSync } from "node:fs";

/** An instruction of a Dockerfile, for example `COPY --from=build /app/dist ./dist`. */
export interface Instruction {
  readonly line: number;
  /** In upper case. */
  readonly name: string;
  /** Leading options by name, for example `--from=build`. */
  readonly flags: ReadonlyMap<string, string>;
  /** The rest, with its lines joined. */
  readonly text: string;
}

/** A stage: its base image, and the instructions after FROM. */
export interface Stage {
  readonly base: string;
  /** Its AS name, or its number. */
  readonly name: string;
  readonly instructions: readonly Instruction[];
}

/** Parses the stages of a Dockerfile. Throws for instructions before the first FROM, such as ARG: ours has none. */
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
    // Skips comments and empty lines, also within an instruction.
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

/** Parses the command of CMD, ENTRYPOINT or HEALTHCHECK CMD. It must be an array: the image has no shell. */
export function parseExec(text: string): string[] {
  const found: unknown = JSON.parse(text);
  if (!Array.isArray(found) || !found.every((part) => typeof part === "string"))
    throw new Error(`Not a command: ${text}`);
  return found;
}
