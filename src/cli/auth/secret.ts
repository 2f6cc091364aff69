import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";

/** Reads a secret from standard input: prompts without echo on a terminal, otherwise reads the first line. */
export async function askSecret(prompt: string): Promise<string> {
  const { stdin, stderr } = process;
  const terminal = stdin.isTTY === true;
  // Discards the echo of readline.
  const discard = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: discard, terminal });
  // Prompt only after readline has disabled the terminal's echo, so that early input is not shown.
  if (terminal) stderr.write(prompt);
  try {
    const line = await new Promise<string>((resolve, reject) => {
      lines.once("line", resolve);
      lines.once("close", () => resolve(""));
      lines.once("SIGINT", () => resolve(""));
      stdin.once("error", reject);
    });
    return line.trim();
  } finally {
    lines.close();
    if (terminal) stderr.write("\n");
  }
}
