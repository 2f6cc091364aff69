import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { EXIT } from "../../src/cli/exit.js";
import { createProgram } from "../../src/cli/program.js";
import { CommandLine, hasTerminal, stripEscapes } from "../support/cli.js";
import { ADMIN_SECRET, startServer } from "../support/server.js";

const PAGE = "docs/cli.md";
const BEGIN = "<!-- session: written by the test of this page; run it with UPDATE_DOCS=1 to write it anew -->\n";
const END = "<!-- end of session -->";

/** The session, as it is typed; `{build}` is the id that the first build was given. */
const SESSION = [
  "pipelines:create myapp",
  "apps:create myapp-dev",
  "apps:create myapp-qa",
  "apps:create myapp-eu --region eu",
  "pipelines:add myapp -a myapp-dev -s development",
  "pipelines:add myapp -a myapp-qa -s staging",
  "pipelines:add myapp -a myapp-eu -s production -c ci/build -c qa/smoke",
  "builds:create --repository acme/myapp --sha 4f3c2a1d0e --branch trunk --artifact registry.example.com/myapp:4f3c2a1",
  "releases:create -a myapp-dev --build {build}",
  "promote -a myapp-dev",
  "releases:status current -a myapp-qa -c ci/build -s success",
  "promote -a myapp-qa --dry-run",
  "releases:status current -a myapp-qa -c qa/smoke -s success",
  "promote -a myapp-qa --wait",
  "pipelines:info myapp",
  "releases -a myapp-eu",
  "promotions myapp",
];
/** Told only by what they end with: their output is much like that of their neighbours. */
const QUIET = /^(apps:create|pipelines:create|builds:create|pipelines:add myapp -a myapp-(dev|qa)|releases:create)/;

/** Gives ids and times to a session that are the same in every run. */
class Placeholders {
  readonly #ids = new Map<string, string>();

  fill(text: string): string {
    return text
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => this.#idFor(id))
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "2026-01-05T09:30:00.000Z")
      .replace(/just now|\d minutes? ago/g, "just now");
  }

  #idFor(id: string): string {
    const known = this.#ids.get(id);
    if (known !== undefined) return known;
    const count = this.#ids.size + 1;
    const made = `019b8d40-5e2a-7c31-9f00-${(0x51a7c0de0000 + count * 0x2f).toString(16)}`;
    this.#ids.set(id, made);
    return made;
  }
}

describe("the page of the command line", () => {
  it("shows a session that runs as it stands there", { skip: !hasTerminal, timeout: 120_000 }, async (t) => {
    const server = await startServer(t);
    const env = { RAILYARD_URL: server.url, RAILYARD_TOKEN: ADMIN_SECRET, NO_COLOR: "1" };
    const cli = new CommandLine(t, env);
    const placeholders = new Placeholders();
    const written: string[] = [];
    let build = "";
    for (const typed of SESSION) {
      const command = typed.replace("{build}", build);
      const { code, stdout } = await cli.onTerminal(command.split(" "), 110);
      assert.ok(code === 0 || (typed.includes("--dry-run") && code === 3), `${command}\n${stdout}`);
      if (typed.startsWith("builds:create")) build = /[0-9a-f-]{36}/.exec(stdout)?.[0] ?? "";
      // What a spinner has drawn is erased again before the output.
      const output = stripEscapes(stdout.slice(stdout.lastIndexOf("\u001b[0K") + 1).replace(/^\[0K/, ""));
      written.push(`$ railyard ${placeholders.fill(command)}`);
      if (!QUIET.test(typed)) written.push(`${placeholders.fill(output).trimEnd()}\n`);
    }
    const session = `\`\`\`console\n${written.join("\n").trimEnd()}\n\`\`\`\n`;
    const page = readFileSync(PAGE, "utf8");
    const [before = "", rest = ""] = page.split(BEGIN);
    const [shown = "", after = ""] = rest.split(END);
    if (process.env.UPDATE_DOCS === "1") writeFileSync(PAGE, `${before}${BEGIN}${session}${END}${after}`);
    else assert.equal(shown, session, "the page has drifted: run this test with UPDATE_DOCS=1");
  });

  it("shares a part of its session with the README", () => {
    const page = readFileSync(PAGE, "utf8");
    const part = page.slice(page.indexOf("$ railyard promote -a myapp-qa --dry-run"), page.indexOf("\n\n᱿"));
    assert.ok(part.includes("development →"), "the part ends with the board");
    const readme = readFileSync("README.md", "utf8");
    const [before = "", rest = ""] = readme.split("## What it looks like\n");
    const shown = /```console\n([\s\S]*?)\n```/.exec(rest)?.[1] ?? "";
    if (process.env.UPDATE_DOCS === "1")
      writeFileSync("README.md", `${before}## What it looks like\n${rest.replace(shown, () => part)}`);
    else assert.equal(shown, part, "the README has drifted: run this test with UPDATE_DOCS=1");
  });

  it("names every command and every exit code", () => {
    const page = readFileSync(PAGE, "utf8");
    const names = createProgram("0").commands.flatMap((command) => [command.name(), ...command.aliases()]);
    assert.deepEqual(
      names.filter((name) => !page.includes(`\`${name}\``) && !page.includes(`\`${name} `)),
      [],
    );
    for (const code of Object.values(EXIT)) assert.match(page, new RegExp(`^\\| ${code} \\|`, "m"));
  });
});
