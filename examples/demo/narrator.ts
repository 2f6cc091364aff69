import { isDeepStrictEqual } from "node:util";
import colors from "picocolors";

/** Thrown where what came back is not what the text promises. */
export class BrokenPromise extends Error {
  override readonly name = "BrokenPromise";

  constructor(promised: string, came: string) {
    super(`What came back is not what the text promises.\n\n  promised  ${promised}\n  came      ${came}\n`);
  }
}

/** What stands in a promise for what is different each time. */
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  "<id>": "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
  "<time>": "\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z",
};

type Passage = "chapter" | "does" | "shows" | "holds";

/** Prints the story, and lets nothing pass that is not as promised. */
export class Narrator {
  #chapter = 0;
  #kept = 0;
  #last: Passage = "chapter";

  constructor(private readonly out: { write(text: string): unknown }) {}

  chapter(title: string, line: string): void {
    this.#chapter += 1;
    const heading = colors.bold(colors.underline(`${this.#chapter}. ${title}`));
    this.#print("chapter", [...(this.#chapter === 1 ? [] : [""]), heading, colors.italic(line)]);
  }

  /** Prints a request and who sends it. */
  does(who: string, call: string): void {
    this.#print("does", [`${colors.dim(`${who} ›`)} ${call.replace(/^\w+/, (verb) => colors.bold(verb))}`]);
  }

  /** Prints the lines of the response, which must equal the expected ones. Indentation of the expected lines does not count. */
  shows(lines: readonly string[], promise: string): void {
    const promised = unindented(promise);
    for (let index = 0; index < Math.max(lines.length, promised.length); index += 1) {
      const line = lines[index] ?? "(nothing more)";
      const wanted = promised[index] ?? "(nothing more)";
      if (!toPattern(wanted).test(line)) throw new BrokenPromise(wanted, line);
    }
    this.#kept += lines.length;
    this.#print("shows", lines.map(painted));
  }

  /** Says something that holds where what came back, `actual`, equals what is promised. */
  holds(sentence: string, actual: unknown, promised: unknown): void {
    if (!isDeepStrictEqual(actual, promised)) {
      throw new BrokenPromise(`${sentence}: ${JSON.stringify(promised)}`, JSON.stringify(actual));
    }
    this.#kept += 1;
    this.#print("holds", [`${colors.green("✓")} ${sentence}`]);
  }

  end(): void {
    this.#print("chapter", ["", colors.green(`All ${this.#kept} things that the text promises were so.`)]);
  }

  /** What belongs together stands together: an answer under its question, findings under each other. */
  #print(kind: Passage, lines: readonly string[]): void {
    const together = (this.#last === "does" && kind !== "chapter") || (this.#last === "holds" && kind === "holds");
    this.#last = kind;
    this.out.write(`${together ? "" : "\n"}${lines.join("\n")}\n`);
  }
}

function unindented(text: string): string[] {
  const lines = text.replace(/^\n/, "").trimEnd().split("\n");
  const margin = Math.min(...lines.filter((line) => line.trim() !== "").map((line) => line.search(/\S/)));
  return lines.map((line) => line.slice(margin));
}

function toPattern(promise: string): RegExp {
  const parts = promise.split(/(<id>|<time>)/).map((part) => PLACEHOLDERS[part] ?? escaped(part));
  return new RegExp(`^${parts.join("")}$`);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

/** A line in colour: marks and names stand out, ids and times step back. */
function painted(line: string): string {
  return line
    .replace(/\(?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\)?|\d{4}-\d\d-\d\dT[\d:.]+Z/g, (text) => colors.dim(text))
    .replace(/⬢ [\w-]+/g, (text) => colors.magenta(text))
    .replace(/^(᱿ \w+|= .*)$/, (text) => colors.bold(colors.cyan(text)))
    .replace(/✓| - current$/g, (text) => colors.green(text))
    .replace(/✗|\b(?:PROMOTION_BLOCKED|FORBIDDEN|FROZEN|APPROVAL_REQUIRED|CHECK_[A-Z]+)\b/g, (text) =>
      colors.red(text),
    );
}
