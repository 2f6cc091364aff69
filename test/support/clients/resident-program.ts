import { type ChildProcess, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";

/** How a command ended. */
export interface ProgramOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A process that runs one command after another, because loading a command-line program takes longer than most of its commands.
 * It gets messages with a `mark`, which it writes to both streams at the end of the output, and answers with the exit code.
 * It ends with this process at the latest, and does not keep it from ending.
 */
export class ResidentProgram {
  readonly #process: ChildProcess;
  readonly #written = { stdout: "", stderr: "" };
  #last: Promise<unknown> = Promise.resolve();
  #running = 0;

  /** @param program the path of the module; see `heroku-program.ts` */
  constructor(program: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    this.#process = fork(program, [...args], { env, stdio: ["ignore", "pipe", "pipe", "ipc"], execArgv: [] });
    for (const name of ["stdout", "stderr"] as const) {
      this.#process[name]?.setEncoding("utf8").on("data", (text: string) => {
        this.#written[name] += text;
      });
    }
    this.#hold(false);
  }

  /** Whether it runs a command. */
  get isBusy(): boolean {
    return this.#running > 0;
  }

  /** Runs a command after those before it. */
  run(message: object): Promise<ProgramOutcome> {
    this.#running += 1;
    const outcome = this.#last.then(() => this.#execute(message));
    const ended = () => {
      this.#running -= 1;
    };
    this.#last = outcome.then(ended, ended);
    return outcome;
  }

  kill(): void {
    this.#process.kill("SIGKILL");
  }

  async #execute(message: object): Promise<ProgramOutcome> {
    if (this.#process.exitCode !== null) throw new Error(`The program has ended: ${this.#written.stderr}`);
    const mark = `\n${randomUUID()}\n`;
    this.#hold(true);
    try {
      const ended = once(this.#process, "exit").then(() => {
        throw new Error(`The program ended during a command: ${this.#written.stderr}`);
      });
      const answer = once(this.#process, "message");
      this.#process.send({ ...message, mark });
      const [{ code }] = (await Promise.race([answer, ended])) as [{ code: number }];
      return { code, stdout: await this.#take("stdout", mark), stderr: await this.#take("stderr", mark) };
    } finally {
      this.#hold(false);
    }
  }

  /** Takes what a command wrote, which may arrive after its exit code. */
  async #take(name: "stdout" | "stderr", mark: string): Promise<string> {
    const stream = this.#process[name];
    while (stream !== null && !this.#written[name].includes(mark)) await once(stream, "data");
    const [text = "", rest = ""] = this.#written[name].split(mark);
    this.#written[name] = rest;
    return text;
  }

  /** Whether this process waits for the other one before it ends. */
  #hold(holds: boolean): void {
    const { channel, stdout, stderr } = this.#process;
    const streams = [stdout, stderr] as unknown as { ref(): void; unref(): void }[];
    for (const one of [this.#process, channel, ...streams]) {
      if (holds) one?.ref();
      else one?.unref();
    }
  }
}
