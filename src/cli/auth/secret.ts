import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";

/** A secret from standard input: at a terminal it is asked for and not shown, otherwise the first line is taken. */
export async function askSecret(prompt: string): Promise<string> {
  const { stdin, stderr } = process;
  const terminal = stdin.isTTY === true;
  // What readline would echo goes nowhere.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: nowhere, terminal });
  // After the terminal was told not to echo: whoever is quick must not see what they type either.
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
