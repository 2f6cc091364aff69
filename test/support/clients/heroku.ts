import { type ChildProcess, fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { resolve } from "node:path";
import type { Cleanup } from "../service/temporary-folder.js";

export interface Outcome {
  readonly code: number;
  /** What it wrote to its standard output, and then what it wrote as errors. */
  readonly output: string;
}

/** The unmodified Heroku CLI in one process, which runs one command after another. */
export class HerokuCli {
  readonly #process: ChildProcess;
  readonly #written = { stdout: "", stderr: "" };
  #last: Promise<unknown> = Promise.resolve();

  /** @param folder where the package is installed */
  constructor(t: Cleanup, folder: string, env: NodeJS.ProcessEnv) {
    const program = resolve(import.meta.dirname, "heroku-program.js");
    this.#process = fork(program, [folder], { env, stdio: ["ignore", "pipe", "pipe", "ipc"] });
    for (const name of ["stdout", "stderr"] as const) {
      this.#process[name]?.setEncoding("utf8").on("data", (text: string) => {
        this.#written[name] += text;
      });
    }
    t.after(() => this.#process.kill("SIGKILL"));
  }

  /** Runs a command after those before it. */
  run(args: readonly string[]): Promise<Outcome> {
    const outcome = this.#last.then(() => this.#execute(args));
    this.#last = outcome.catch(() => undefined);
    return outcome;
  }

  async #execute(args: readonly string[]): Promise<Outcome> {
    if (this.#process.exitCode !== null) throw new Error(`The Heroku CLI ended: ${this.#written.stderr}`);
    const mark = `\n${randomUUID()}\n`;
    const answer = once(this.#process, "message");
    this.#process.send({ args, mark });
    const [{ code }] = (await answer) as [{ code: number }];
    const output = [];
    for (const name of ["stdout", "stderr"] as const) {
      const stream = this.#process[name];
      while (stream !== null && !this.#written[name].includes(mark)) await once(stream, "data");
      output.push(this.#written[name].split(mark)[0]);
      this.#written[name] = "";
    }
    return { code, output: output.join("") };
  }
}
