import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Cleanup } from "./server.js";

/** A program of ours as a process of its own, which can be killed as processes are. */
export class ChildProgram {
  readonly ended: Promise<unknown>;

  constructor(readonly child: ChildProcess) {
    this.ended = once(child, "exit");
  }

  /** @param file the compiled file */
  static start(t: Cleanup, file: string, env: Record<string, string>): ChildProgram {
    const { PATH = "" } = process.env;
    const child = spawn(process.execPath, [file], { env: { PATH, ...env }, stdio: ["ignore", "pipe", "inherit"] });
    const program = new ChildProgram(child);
    t.after(() => program.kill());
    return program;
  }

  /** The first group of the first line on standard output that matches. */
  async line(pattern: RegExp): Promise<string> {
    for await (const line of createInterface({ input: this.child.stdout as NodeJS.ReadableStream })) {
      const found = pattern.exec(line);
      if (found !== null) {
        this.child.stdout?.resume();
        return found[1] ?? "";
      }
    }
    throw new Error("The program ended before it said what it was to say.");
  }

  /** Ends it with SIGKILL, wherever it is, and waits until it is gone. */
  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.ended;
  }
}
