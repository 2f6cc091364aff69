import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join, relative, resolve } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import type { Command } from "commander";
import { createProgram } from "../../src/cli/program.js";
import { CommandLine, nonEmptyLines } from "../support/clients/cli.js";
import { Seed, unique } from "../support/data/seed.js";
import { ADMIN_SECRET, startServer, temporaryFolder } from "../support/service/server.js";

const commands = createProgram("0").commands;

/** What a command prints with `--help`. */
function getHelp(command: Command): string {
  let help = "";
  command.configureOutput({
    writeOut: (text) => {
      help += text;
    },
  });
  command.outputHelp();
  return help;
}

describe("the help", () => {
  it("describes every command, with examples that parse", () => {
    const names = commands.map((command) => command.name());
    assert.ok(names.length >= 30, `there are ${names.length} commands`);
    for (const command of commands) {
      const help = getHelp(command);
      assert.ok(help.includes(command.description()), command.name());
      const mandatory = command.options.filter((option) => option.mandatory);
      assert.equal(help.match(/\(required\)/g)?.length ?? 0, mandatory.length, `${command.name()}: required options`);
      assert.doesNotMatch(help.split("Global Options:")[0]?.split("Options:")[1] ?? "", /\(choices/, "values twice");
      const [, examples = ""] = help.split("\nExamples:\n");
      assert.match(examples, /^ {2}\$ .*railyard /, `${command.name()} has an example`);
      const calls = [command.name(), ...command.aliases()].map((name) => `railyard ${name}`);
      for (const example of nonEmptyLines(examples)) {
        assert.ok(
          calls.some((call) => example.includes(call)),
          `${example} shows ${command.name()}`,
        );
      }
    }
  });

  it("of a command is printed on stdout", async (t) => {
    const [command] = commands;
    assert.ok(command);
    const { code, stdout, stderr } = await new CommandLine(t).run([command.name(), "--help"]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.equal(stdout, getHelp(command));
  });

  it("lists every command, the exit codes and the connection settings", async (t) => {
    const { code, stdout } = await new CommandLine(t).run(["--help"]);
    assert.equal(code, 0);
    for (const command of commands) assert.ok(stdout.includes(`\n  ${command.name()}`), command.name());
    assert.match(
      stdout,
      /0 success · 1 refused or failed · 2 invalid usage · 3 blocked by a gate · 4 .* · 5 no connection/s,
    );
    assert.match(
      stdout,
      /--url and --token, then RAILYARD_URL and RAILYARD_TOKEN, then the login stored by `railyard login`/,
    );
  });

  it("goes to stderr with the usage exit code if no command is given", async (t) => {
    const { code, stdout, stderr } = await new CommandLine(t).run([]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /^Usage: railyard/);
  });

  it("shows the package's version", async (t) => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
    assert.equal((await new CommandLine(t).run(["--version"])).stdout, `${version}\n`);
  });
});

/** The files of this package and of dependencies that a command loads. */
async function loadedBy(cli: CommandLine, folder: string, args: string[], env: Record<string, string> = {}) {
  const { code, stderr } = await cli.start(args, { env: { ...env, NODE_V8_COVERAGE: folder } }).ended;
  assert.equal(code, 0, stderr);
  const root = pathToFileURL(`${process.cwd()}/`).href;
  return readdirSync(folder).flatMap((file) => {
    const { result } = JSON.parse(readFileSync(join(folder, file), "utf8")) as { result: { url: string }[] };
    return result
      .map(({ url }) => url)
      .filter((url) => url.startsWith(root))
      .map((url) => url.slice(root.length));
  });
}

describe("the modules that a command loads", () => {
  const ours = /^dist\/src\/(cli|runtime)\//;

  it("exclude the service, and libraries that only some commands need", async (t) => {
    const loaded = await loadedBy(new CommandLine(t), temporaryFolder(t), ["--help"]);
    assert.ok(
      loaded.some((file) => ours.test(file)),
      "the files were found",
    );
    const others = loaded.filter((file) => !ours.test(file) && !/^node_modules\/(commander|picocolors)\//.test(file));
    assert.deepEqual(others, []);
  });

  it("are the same for a query whose output is piped", async (t) => {
    const server = await startServer(t);
    const env = { RAILYARD_URL: server.url, RAILYARD_TOKEN: server.admin.secret ?? "" };
    const loaded = await loadedBy(new CommandLine(t, env), temporaryFolder(t), ["apps"]);
    const others = loaded.filter((file) => !ours.test(file) && !/^node_modules\/(commander|picocolors)\//.test(file));
    assert.deepEqual(others, []);
  });

  it("never include the service, except for `serve`", () => {
    const folder = "src/cli";
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
    const outside = files.filter((file) => {
      const targets = [...readFileSync(join(folder, file), "utf8").matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)];
      return targets.some(([, target = ""]) => relative(folder, join(folder, file, "..", target)).startsWith(".."));
    });
    assert.deepEqual(outside.sort(), ["commands/serve.ts", "main.ts"]);
  });
});

describe("the generated types of the CLI", () => {
  const OPERATIONS = "src/cli/api/operations";
  const codegen = resolve("scripts/codegen.mjs");

  /** Runs the check on a copy of its inputs after an edit. */
  function checkAfter(t: TestContext, edit: (folder: string) => void) {
    const folder = temporaryFolder(t);
    const page = ["web/src/documents", "web/src/gql"];
    for (const path of ["src/schema/schema.graphql", OPERATIONS, "src/cli/api/generated.ts", ...page]) {
      cpSync(path, join(folder, path), { recursive: true });
    }
    edit(folder);
    return spawnSync(process.execPath, [codegen, "--check"], { cwd: folder, encoding: "utf8" });
  }

  it("are up to date", (t) => {
    const { status, stderr } = checkAfter(t, () => {});
    assert.deepEqual([status, stderr], [0, ""]);
  });

  it("are reported as stale if an operation or the schema changed", (t) => {
    const operation = checkAfter(t, (folder) =>
      appendFileSync(join(folder, OPERATIONS, "apps.graphql"), "query More { apps { totalCount } }\n"),
    );
    assert.equal(operation.status, 1);
    assert.match(operation.stderr, /generated\.ts is stale\. Run `npm run codegen`/);
    const schema = checkAfter(t, (folder) => {
      const file = join(folder, "src/schema/schema.graphql");
      writeFileSync(
        file,
        readFileSync(file, "utf8").replace("reviewAppsEnabled: Boolean!", "reviewAppsEnabled: Boolean"),
      );
    });
    assert.equal(schema.status, 1);
    assert.match(schema.stderr, /generated\.ts is stale\. Run `npm run codegen`/);
  });

  it("cannot be generated for an operation that is not valid against the schema", (t) => {
    const { status, stderr } = checkAfter(t, (folder) =>
      appendFileSync(join(folder, OPERATIONS, "apps.graphql"), "query More { apps { nodes { colour } } }\n"),
    );
    assert.equal(status, 1);
    assert.match(stderr, /Cannot query field "colour" on type "App"/);
  });
});

/** The completions that bash offers for a partial line. */
function completed(script: string, line: string): string[] {
  const program = `source /dev/stdin <<'SCRIPT'
${script}
SCRIPT
COMP_LINE="$1"; COMP_POINT=\${#1}; COMP_WORDBREAKS=$' \\t\\n:'; _railyard; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync("bash", ["-c", program, "bash", line], { encoding: "utf8" });
  assert.deepEqual([status, stderr], [0, ""]);
  return nonEmptyLines(stdout);
}

describe("the shell completion", () => {
  it("completes commands, options and option values in bash", async (t) => {
    const { code, stdout: script } = await new CommandLine(t).run(["completion", "bash"]);
    assert.equal(code, 0);
    assert.deepEqual(completed(script, "railyard ").sort(), allNames());
    assert.deepEqual(completed(script, "railyard pipelines:pro"), ["promote"], "what stands before the colon is there");
    assert.deepEqual(completed(script, "railyard roll"), ["rollback"]);
    assert.deepEqual(completed(script, "railyard promote --dr"), ["--dry-run"]);
    assert.deepEqual(completed(script, "railyard apps --js"), ["--json"]);
    assert.deepEqual(completed(script, "railyard pipelines:add myapp -s "), [
      "review",
      "development",
      "staging",
      "production",
    ]);
    assert.deepEqual(completed(script, "railyard tokens:create x --role op"), ["operator"]);
    assert.deepEqual(completed(script, "railyard completion z"), ["zsh"]);
  });

  it("lists every command in the scripts for zsh and fish", async (t) => {
    const cli = new CommandLine(t);
    for (const shell of ["zsh", "fish"]) {
      const { code, stdout } = await cli.run(["completion", shell]);
      assert.equal(code, 0);
      for (const name of allNames()) {
        assert.ok(stdout.includes(shell === "zsh" ? `    ${name}) _arguments` : ` -a '${name}' `), `${shell}: ${name}`);
      }
    }
  });
});

describe("the shell completion of names", () => {
  /** What bash completes, with the CLI of these tests as `railyard`. */
  async function complete(cli: CommandLine, line: string): Promise<string[]> {
    const program = `source <(railyard completion bash)
COMP_LINE="$1"; COMP_POINT=\${#1}; COMP_WORDBREAKS=$' \\t\\n:'; _railyard; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { code, stdout, stderr } = await cli.shell("bash", program, line);
    assert.deepEqual([code, stderr], [0, ""], line);
    return nonEmptyLines(stdout);
  }

  const cacheFiles = (cli: CommandLine) => {
    const folder = join(cli.home, ".cache", "railyard");
    return readdirSync(folder).map((name) => join(folder, name));
  };

  it("completes apps and pipelines of the service in bash, and asks it once a minute", async (t) => {
    const server = await startServer(t);
    const seed = new Seed(server.admin);
    const cli = new CommandLine(t, { RAILYARD_URL: server.url, RAILYARD_TOKEN: ADMIN_SECRET });
    const pipeline = (await seed.pipeline({ name: "shop" })).name;
    for (const name of ["shop-dev", "shop-prod", "billing"]) await seed.app({ name });
    assert.deepEqual(await complete(cli, "railyard apps:info sho"), ["shop-dev", "shop-prod"]);
    for (const line of [
      "promote -a bil",
      "promote -a shop-dev -t bil",
      "watch --app bil",
      "pipelines:add shop -a bil",
    ]) {
      assert.deepEqual(await complete(cli, `railyard ${line}`), ["billing"], line);
    }
    for (const line of ["pipelines:info s", "promote -p s", "tokens:create x --pipelines s", "pipelines:update s"]) {
      assert.deepEqual(await complete(cli, `railyard ${line}`), [pipeline], line);
    }
    assert.deepEqual(await complete(cli, "railyard apps:create sho"), []);

    await seed.app({ name: "shop-new" });
    assert.deepEqual(await complete(cli, "railyard apps:info sho"), ["shop-dev", "shop-prod"], "from the cache");
    for (const file of cacheFiles(cli)) {
      assert.equal(statSync(file).mode & 0o777, 0o600);
      assert.doesNotMatch(`${file} ${readFileSync(file, "utf8")}`, new RegExp(ADMIN_SECRET));
      const twoMinutesAgo = Date.now() / 1000 - 120;
      utimesSync(file, twoMinutesAgo, twoMinutesAgo);
    }
    assert.deepEqual(await complete(cli, "railyard apps:info sho"), ["shop-dev", "shop-new", "shop-prod"]);
  });

  it("does not show the names that another token may see", async (t) => {
    const server = await startServer(t);
    const seed = new Seed(server.admin);
    const [mine] = [await seed.pipeline(), await seed.pipeline()];
    const cli = new CommandLine(t, { RAILYARD_URL: server.url });
    const list = async (token: string) => {
      const { stdout } = await cli.run(["completion", "--names", "pipelines"], { env: { RAILYARD_TOKEN: token } });
      return nonEmptyLines(stdout);
    };
    assert.equal((await list(ADMIN_SECRET)).length, 2);
    const input = { name: unique("token"), role: "VIEWER", pipelines: [mine.name] };
    const { secret } = await server.admin.mutate("createToken", input, "secret");
    assert.deepEqual(await list(secret), [mine.name]);
  });

  it("stays silent if there is no service, no valid login or no answer, and accepts only names", async (t) => {
    const answers = {
      silent: () => {},
      wrong: (response: ServerResponse) => response.end("<h1>It works!</h1>"),
      hostile: (response: ServerResponse) => {
        const nodes = ["$(echo injected)", "`echo injected`", "a b", "fine"].map((name) => ({ name }));
        response.end(JSON.stringify({ data: { list: { nodes, pageInfo: { hasNextPage: false } } } }));
      },
    };
    const services = new Map<string, string>([["nowhere", "http://127.0.0.1:1"]]);
    for (const [name, answer] of Object.entries(answers)) {
      const service = createServer((_, response) => answer(response));
      await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
      t.after(() => service.closeAllConnections());
      t.after(() => service.close());
      services.set(name, `http://127.0.0.1:${(service.address() as AddressInfo).port}`);
    }
    for (const [name, url] of services) {
      const cli = new CommandLine(t, { RAILYARD_URL: url, RAILYARD_TOKEN: ADMIN_SECRET });
      const names = (await complete(cli, "railyard pipelines:info ")).filter((word) => !word.startsWith("-"));
      assert.deepEqual(names, name === "hostile" ? ["fine"] : [], name);
    }
    const cli = new CommandLine(t);
    mkdirSync(dirname(cli.loginFile), { recursive: true });
    writeFileSync(cli.loginFile, "not a login");
    assert.deepEqual(await cli.run(["completion", "--names", "apps"]), { code: 0, stdout: "", stderr: "" });
  });

  it("is in the scripts for zsh and fish", async (t) => {
    const cli = new CommandLine(t);
    const zsh = (await cli.run(["completion", "zsh"])).stdout;
    assert.match(
      zsh,
      /^ {4}apps:info\) .*'\*--app\[[^\]]*\]:value: _railyard_names apps'.* '1:word: _railyard_names apps' ;;$/m,
    );
    const fish = (await cli.run(["completion", "fish"])).stdout;
    const names = "(railyard completion --names apps 2>/dev/null)";
    assert.ok(
      fish.includes(`complete -c railyard -n '__fish_seen_subcommand_from promote' -s a -l app -x -a '${names}'`),
    );
    assert.ok(fish.includes(`complete -c railyard -f -n '__fish_seen_subcommand_from apps:info' -a '${names}'`));
    assert.ok(!(zsh + fish).includes("--names["), "the option for the scripts is hidden");
  });
});

function allNames(): string[] {
  return commands.flatMap((command) => [command.name(), ...command.aliases()]).sort();
}
