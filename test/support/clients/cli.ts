import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { type Cleanup, temporaryFolder } from "../service/server.js";
import { ResidentProgram } from "./resident-program.js";

const MAIN = "dist/src/cli/main.js";
const PROGRAM = resolve(import.meta.dirname, "cli-program.js");
/** The process that all short commands of this process share. */
let resident: ResidentProgram | null = null;
/** A command without output for this long fails the test instead of hanging it. */
const OUTPUT_TIMEOUT_MS = 30_000;

/** Whether the `script` of util-linux is installed. It runs a command on a pseudo-terminal. */
export const hasTerminal = spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux");

/** The result of a command. On a terminal, `stdout` holds both streams. */
export interface CommandOutcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Standard input. */
  readonly input?: string;
}

/** Runs the built CLI as a user would, with a temporary home folder. */
export class CommandLine {
  readonly home: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #t: Cleanup;
  /** The commands that were run: the first argument of every call. */
  readonly invokedCommands = new Set<string>();

  constructor(t: Cleanup, env: Readonly<Record<string, string>> = {}) {
    this.#t = t;
    this.home = temporaryFolder(t);
    this.#env = env;
  }

  get configFolder(): string {
    return join(this.home, "config");
  }

  get loginFile(): string {
    return join(this.configFolder, "railyard", "login.json");
  }

  /** The environment of the command. It inherits only PATH from the tests. */
  environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
    const { PATH = "" } = process.env;
    return { PATH, HOME: this.home, XDG_CONFIG_HOME: this.configFolder, TERM: "xterm-256color", ...this.#env, ...more };
  }

  /**
   * Runs a command with its output in pipes: in a process that all short commands share, or in a new one if the command reads its
   * input or the other one is busy.
   */
  run(args: readonly string[], calling: RunOptions = {}): Promise<CommandOutcome> {
    resident ??= new ResidentProgram(PROGRAM, [], {});
    if (calling.input !== undefined || resident.isBusy || args[0] === "serve") return this.start(args, calling).ended;
    this.invokedCommands.add(args[0] ?? "");
    return resident.run({ args, env: this.environment(calling.env) });
  }

  /** Runs a command with `--json` and returns the parsed output. Throws if the command fails. */
  // biome-ignore lint/suspicious/noExplicitAny: the caller knows the shape of the selected data.
  async json<T = any>(args: readonly string[]): Promise<T> {
    const { code, stdout, stderr } = await this.run([...args, "--json"]);
    if (code !== 0 || stderr !== "") throw new Error(`railyard ${args.join(" ")} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout) as T;
  }

  /** Runs a script in a shell in which `railyard` is this CLI. */
  shell(shell: string, script: string, ...args: readonly string[]): Promise<CommandOutcome> {
    const bin = join(this.home, "bin");
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, "railyard"), `#!/bin/sh\nexec '${process.execPath}' '${resolve(MAIN)}' "$@"\n`, {
      mode: 0o755,
    });
    const env = { PATH: [bin, process.env.PATH].join(delimiter) };
    return this.#spawn(shell, ["-c", script, shell, ...args], "", { env }).ended;
  }

  /** Starts a long-running command with its output in pipes. */
  start(args: readonly string[], calling: RunOptions = {}): Running {
    return this.#spawn(process.execPath, [MAIN, ...args], args[0] ?? "", calling);
  }

  /** Starts a command on a pseudo-terminal with this many columns. */
  startOnTerminal(args: readonly string[], columns = 100, calling: RunOptions = {}): Running {
    const words = [process.execPath, MAIN, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
    const command = `stty cols ${columns} rows 50; exec ${words.join(" ")}`;
    return this.#spawn("script", ["-qefc", command, "/dev/null"], args[0] ?? "", calling);
  }

  /**
   * Runs a command on a pseudo-terminal. Line breaks in the result are `\
   * `.
   */
  async onTerminal(args: readonly string[], columns = 100, calling: RunOptions = {}): Promise<CommandOutcome> {
    const ended = await this.startOnTerminal(args, columns, calling).ended;
    return { ...ended, stdout: ended.stdout.replaceAll("\r\n", "\n") };
  }

  #spawn(file: string, args: readonly string[], name: string, { env, input }: RunOptions): Running {
    this.invokedCommands.add(name);
    const child = spawn(file, args, { env: this.environment(env), stdio: "pipe" });
    if (input !== undefined) child.stdin.end(input);
    const running = new Running(child);
    this.#t.after(() => running.kill());
    return running;
  }
}

/** A running command. */
export class Running {
  readonly ended: Promise<CommandOutcome>;
  readonly #child: ChildProcessWithoutNullStreams;
  #stdout = "";
  #stderr = "";
  #closed = false;
  readonly #listeners = new Set<() => void>();

  constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout += text;
      this.#notify();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
      this.#notify();
    });
    child.stdin.on("error", () => {});
    this.ended = new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => {
        this.#closed = true;
        this.#notify();
        resolve({ code, stdout: this.#stdout, stderr: this.#stderr });
      });
    });
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Waits until the output fits. Throws if the command exits first, or prints nothing for too long. */
  async until(fits: (running: Running) => boolean): Promise<void> {
    while (!fits(this)) {
      const reported = `It printed:\n${this.#stdout}\n${this.#stderr}`;
      if (this.#closed) throw new Error(`The command ended before. ${reported}`);
      await new Promise<void>((resolve, reject) => {
        const listener = () => {
          this.#listeners.delete(listener);
          clearTimeout(patience);
          resolve();
        };
        const patience = setTimeout(
          () => reject(new Error(`The command printed nothing for too long. ${reported}`)),
          OUTPUT_TIMEOUT_MS,
        );
        this.#listeners.add(listener);
      });
    }
  }

  type(text: string): void {
    this.#child.stdin.write(text);
  }

  /** Closes the reading end of standard output, as `head` does when it has enough. */
  closeOutput(): void {
    this.#child.stdout.destroy();
  }

  interrupt(): void {
    this.#child.kill("SIGINT");
  }

  async kill(): Promise<void> {
    if (this.#closed) return;
    this.#child.kill("SIGKILL");
    await this.ended.catch(() => {});
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Removes colors and cursor movements from a text. */
export function stripEscapes(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences start with a control character.
  return text.replace(/\u001b\[[\d;?]*[A-Za-z]/g, "");
}

/** The lines of a text that are not blank. */
export function nonEmptyLines(text: string): string[] {
  return text.split("\n").filter((line) => line.trim() !== "");
}
