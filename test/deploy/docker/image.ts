import { execFileSync } from "node:child_process";
import { cpSync, existsSync, lstatSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, isAbsolute, join, normalize, relative } from "node:path";
import { type Base, makeBase } from "./base-images.js";
import { type Instruction, parseExec, readDockerfile, type Stage } from "./dockerfile.js";
import { run } from "./run.js";

/** The result of a build. */
export interface Image {
  /** The folder with its files. */
  readonly root: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly workdir: string;
  /** `uid:gid`. */
  readonly user: string;
  readonly command: readonly string[];
  readonly healthcheck: readonly string[] | null;
  readonly volumes: readonly string[];
  readonly ports: readonly number[];
}

/**
 * Does what `docker build` does, without Docker: each stage is a folder, and RUN runs in it by chroot. Needs root. Supports
 * the instructions of our Dockerfile and throws for others.
 *
 * @param folder the folder for the stages
 */
export async function buildImage(dockerfile: string, context: string, folder: string): Promise<Image> {
  const stages = readDockerfile(dockerfile);
  const ignored = readIgnored(`${dockerfile}.dockerignore`);
  const roots = new Map(stages.map(({ name }) => [name, join(folder, name)]));
  // Base images first, concurrently: they take longest.
  const bases = await Promise.all(
    stages.map((stage) => makeBase(stage.base, getRoot(roots, stage.name), getPackages(stage))),
  );
  const builds: Build[] = [];
  for (const [index, stage] of stages.entries()) {
    const build = new Build(getRoot(roots, stage.name), bases[index] as Base);
    for (const instruction of stage.instructions) {
      await build.apply(instruction, { context, ignored, roots });
    }
    builds.push(build);
  }
  const last = builds.at(-1);
  if (last === undefined) throw new Error(`${dockerfile} has no stage.`);
  return last.image();
}

function getRoot(roots: ReadonlyMap<string, string>, name: string): string {
  const root = roots.get(name);
  if (root === undefined) throw new Error(`There is no stage ${name}.`);
  return root;
}

/** The packages that a stage's RUN lines install with apt-get. */
function getPackages({ instructions }: Stage): string[] {
  return instructions
    .filter(({ name }) => name === "RUN")
    .flatMap(({ text }) =>
      [...text.matchAll(/apt-get install ([^&|;]+)/g)].flatMap(([, words = ""]) => words.trim().split(/\s+/)),
    )
    .filter((word) => !word.startsWith("-"));
}

interface Surroundings {
  readonly context: string;
  readonly ignored: (path: string) => boolean;
  readonly roots: ReadonlyMap<string, string>;
}

class Build {
  readonly #root: string;
  readonly #environment: Record<string, string>;
  #workdir = "/";
  #user: string;
  #command: readonly string[] = [];
  #healthcheck: readonly string[] | null = null;
  readonly #volumes: string[] = [];
  readonly #ports: number[] = [];

  constructor(root: string, { environment, user }: Base) {
    this.#root = root;
    this.#environment = { ...environment };
    this.#user = user;
  }

  image(): Image {
    return {
      root: this.#root,
      environment: this.#environment,
      workdir: this.#workdir,
      user: this.#user,
      command: this.#command,
      healthcheck: this.#healthcheck,
      volumes: this.#volumes,
      ports: this.#ports,
    };
  }

  async apply(instruction: Instruction, surroundings: Surroundings): Promise<void> {
    const { name, text, flags } = instruction;
    const known = { COPY: ["from", "chown"], HEALTHCHECK: ["interval", "timeout", "start-period"] }[name] ?? [];
    for (const flag of flags.keys()) if (!known.includes(flag)) throw new Error(`${name} --${flag} is not known here.`);
    switch (name) {
      case "RUN":
        return this.#run(text);
      case "COPY":
        return this.#copy(instruction, surroundings);
      case "WORKDIR":
        this.#workdir = this.#resolve(text);
        mkdirSync(join(this.#root, this.#workdir), { recursive: true });
        return;
      case "ENV":
        for (const pair of text.split(/\s+/)) {
          const [, key = "", value = ""] = /^([A-Z_]+)=([^\s$"']*)$/.exec(pair) ?? [];
          if (key === "") throw new Error(`ENV ${pair} is not understood here.`);
          this.#environment[key] = value;
        }
        return;
      case "USER":
        if (!/^\d+:\d+$/.test(text)) throw new Error("USER must be numbers: Kubernetes cannot tell who a name is.");
        this.#user = text;
        return;
      case "VOLUME":
        this.#volumes.push(text);
        return;
      case "EXPOSE":
        this.#ports.push(Number(text));
        return;
      case "CMD":
        this.#command = parseExec(text);
        return;
      case "HEALTHCHECK":
        this.#healthcheck = parseExec(text.replace(/^CMD\s+/, ""));
        return;
      default:
        throw new Error(`${name} is not known here.`);
    }
  }

  /** Runs in a chroot with the host's network and package registry. */
  async #run(script: string): Promise<void> {
    if (!existsSync(join(this.#root, "bin/sh"))) throw new Error("RUN needs a shell, and this image has none.");
    const [registry, cache] = (
      await Promise.all(["registry", "cache"].map((key) => run("npm", ["config", "get", key])))
    ).map((value) => value.trim());
    const certificates = process.env.NODE_EXTRA_CA_CERTS ?? "";
    const files = ["/etc/resolv.conf", "/etc/hosts", certificates].filter((file) => file !== "" && existsSync(file));
    for (const file of files) {
      mkdirSync(dirname(join(this.#root, file)), { recursive: true });
      writeFileSync(join(this.#root, file), readFileSync(file));
    }
    mkdirSync(join(this.#root, "root/.npm"), { recursive: true });
    // Mounts in a private namespace, which end with the process.
    const mounts = `mount -t proc proc "$1/proc" && mount --bind "$2" "$1/root/.npm"`;
    const enter = `${mounts} && exec chroot --userspec="$3" "$1" /bin/sh -c 'cd "$0" && eval "$1"' "$4" "$5"`;
    const environment = {
      ...this.#environment,
      HOME: "/root",
      npm_config_registry: registry,
      ...(certificates !== "" && { NODE_EXTRA_CA_CERTS: certificates }),
    };
    const assignments = Object.entries(environment).map(([key, value]) => `${key}=${value}`);
    const args = [this.#root, cache ?? "", this.#user, this.#workdir, script];
    await run("env", ["-i", ...assignments, "unshare", "--mount", "/bin/sh", "-c", enter, "sh", ...args]);
  }

  #copy({ flags, text }: Instruction, { context, ignored, roots }: Surroundings): void {
    const words = text.split(/\s+/);
    if (words.some((word) => /[$*?[\]"]/.test(word))) throw new Error(`COPY ${text}: patterns are not known here.`);
    const to = words.pop() ?? "";
    const from = flags.get("from");
    const source = from === undefined ? context : getRoot(roots, from);
    const target = join(this.#root, this.#resolve(to));
    const isFolder = to.endsWith("/") || words.length > 1;
    for (const word of words) {
      const path = join(source, from === undefined ? normalize(`/${word}`) : this.#absolute(word));
      const real = realpathSync(path);
      if (!`${real}/`.startsWith(`${realpathSync(source)}/`)) throw new Error(`COPY ${word} leads out of its stage.`);
      const info = lstatSync(real);
      const destination = isFolder && !info.isDirectory() ? join(target, path.split("/").at(-1) ?? "") : target;
      mkdirSync(dirname(destination), { recursive: true });
      cpSync(real, destination, {
        recursive: true,
        verbatimSymlinks: true,
        filter: (file) => from !== undefined || !ignored(relative(context, file)),
      });
      execFileSync("chown", ["-Rh", flags.get("chown") ?? "0:0", destination]);
    }
  }

  #absolute(path: string): string {
    if (!isAbsolute(path)) throw new Error(`COPY --from must name an absolute path; got ${path}.`);
    return path;
  }

  #resolve(path: string): string {
    return isAbsolute(path) ? normalize(path) : join(this.#workdir, path);
  }
}

/** The files of the context that COPY leaves out, by their paths in it. */
function readIgnored(file: string): (path: string) => boolean {
  const patterns = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "");
  for (const pattern of patterns) {
    if (/[*?[!]/.test(pattern.replace(/^\*\*\//, ""))) throw new Error(`${file}: ${pattern} is not understood here.`);
  }
  return (path) =>
    patterns.some((pattern) => {
      if (pattern.startsWith("**/")) return path.split("/").includes(pattern.slice(3));
      return path === pattern || path.startsWith(`${pattern}/`);
    });
}
