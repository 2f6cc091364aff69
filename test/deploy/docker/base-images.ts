import { chmodSync, cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { arch } from "node:os";
import { join } from "node:path";
import { run } from "./run.js";

/** A base image: its files, environment and user. */
export interface Base {
  readonly environment: Readonly<Record<string, string>>;
  readonly user: string;
}

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const DEBIAN = "trixie";

/** The programs that `RUN` lines may use in Debian's slim image. All of them are essential packages. */
const SLIM = ["base-files", "base-passwd", "bash", "coreutils", "dash", "diffutils", "findutils", "grep", "gzip"];
const SLIM_TOO = ["hostname", "libc-bin", "libstdc++6", "perl-base", "sed", "tar", "util-linux", "ca-certificates"];

/** The packages of `gcr.io/distroless/cc-debian13`. */
const DISTROLESS_CC = ["base-files", "netbase", "tzdata", "media-types", "ca-certificates", "libc6", "libssl3t64"];
const DISTROLESS_CC_TOO = ["libgomp1", "libgcc-s1", "libstdc++6"];

/**
 * Assembles a base image from its parts: Debian packages, and Node from the npm registry. Throws for unknown images.
 *
 * @param packages packages that the stage installs with apt-get
 */
export async function makeBase(image: string, root: string, packages: readonly string[]): Promise<Base> {
  const node = /^node:(\d+\.\d+\.\d+)-trixie-slim$/.exec(image)?.[1];
  if (node !== undefined) return makeNode(node, root, packages);
  if (image === "gcr.io/distroless/cc-debian13:nonroot") return makeDistroless(root);
  throw new Error(`There is no telling what ${image} consists of: say so in test/deploy/docker/base-images.ts.`);
}

async function makeNode(version: string, root: string, packages: readonly string[]): Promise<Base> {
  const folder = `${root}.node`;
  mkdirSync(folder, { recursive: true });
  const install = [
    "install",
    "--prefer-offline",
    "--no-save",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--prefix",
    folder,
  ];
  await Promise.all([
    extract(root, [...SLIM, ...SLIM_TOO, ...packages]),
    run("npm", [...install, `node-linux-${arch()}@${version}`, "npm@11"]),
  ]);
  const local = join(root, "usr/local");
  mkdirSync(join(local, "lib/node_modules"), { recursive: true });
  cpSync(join(folder, `node_modules/node-linux-${arch()}/bin/node`), join(local, "bin/node"));
  cpSync(join(folder, "node_modules/npm"), join(local, "lib/node_modules/npm"), { recursive: true });
  rmSync(folder, { recursive: true });
  symlinkSync("../lib/node_modules/npm/bin/npm-cli.js", join(local, "bin/npm"));
  writeAptGet(root, packages);
  return { environment: { PATH, NODE_VERSION: version }, user: "0:0" };
}

/** Full installation takes half a minute, so packages are preinstalled. This stub checks that they are requested. */
function writeAptGet(root: string, packages: readonly string[]): void {
  const known = packages.map((name) => `${name}) ;;`).join(" ");
  const script = `#!/bin/sh
set -e
command=$1; shift
case $command in
  update) touch /run/apt-updated ;;
  install)
    test -e /run/apt-updated || { echo "E: Unable to locate package: apt-get update comes first" >&2; exit 100; }
    confirmed=
    for word; do
      case $word in
        -y) confirmed=1 ;; --no-install-recommends) ;; ${known}
        *) echo "E: Unable to locate package $word" >&2; exit 100 ;;
      esac
    done
    test -n "$confirmed" || { echo "E: there is nobody to confirm: -y is missing" >&2; exit 1; } ;;
  *) echo "E: Invalid operation $command" >&2; exit 100 ;;
esac
`;
  const file = join(root, "usr/bin/apt-get");
  writeFileSync(file, script);
  chmodSync(file, 0o755);
}

async function makeDistroless(root: string): Promise<Base> {
  await extract(root, [...DISTROLESS_CC, ...DISTROLESS_CC_TOO]);
  // Packages needed only to install others, and all programs.
  for (const path of ["usr/bin", "usr/sbin", "usr/share/man", "usr/share/locale", "usr/share/perl5", "var/lib/dpkg"]) {
    rmSync(join(root, path), { recursive: true, force: true });
    if (path.startsWith("usr/bin") || path.startsWith("usr/sbin")) mkdirSync(join(root, path));
  }
  writeFileSync(
    join(root, "etc/passwd"),
    "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n",
  );
  if (existsSync(join(root, "bin/sh"))) throw new Error("The image must not have a shell.");
  return { environment: { PATH, SSL_CERT_FILE: "/etc/ssl/certs/ca-certificates.crt" }, user: "65532:65532" };
}

/** Unpacks Debian packages and their dependencies without configuring them. */
async function extract(root: string, packages: readonly string[]): Promise<void> {
  const options = ["--variant=extract", "--format=directory", "--quiet", '--aptopt=Acquire::Languages "none"'];
  await run("mmdebstrap", [...options, `--include=${packages.join(",")}`, DEBIAN, root]);
}
