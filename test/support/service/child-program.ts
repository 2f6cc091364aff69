import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Cleanup } from "./server.js";

/** A program of this repository in a child process. */
export class ChildProgram {
  readonly ended: Promise<unknown>;

  constructor(readonly child: ChildProcess) {
    this.ended = once(child, "exit");
  }

  /** @param file path of the compiled file */
  static start(t: Cleanup, file: string, env: Record<string, string>, args: readonly string[] = []): ChildProgram {
    const { PATH = "" } = process.env;
    const child = spawn(process.execPath, [file, ...args], {
      env: { PATH, ...env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const program = new ChildProgram(child);
    t.after(() => program.kill());
    return program;
  }

  /** Returns the first group of the first matching line on standard output. */
  async line(pattern: RegExp): Promise<string> {
    for await (const line of createInterface({ input: this.child.stdout as NodeJS.ReadableStream })) {
      const found = pattern.exec(line);
      if (found !== null) {
        this.child.stdout?.resume();
        return found[1] ?? "";
      }
    }
    throw new Error("The program exited without a matching line.");
  }

  /** Sends SIGKILL and waits for the exit. */
  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.ended;
  }
}
