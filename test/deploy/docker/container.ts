import { execFile } from "node:child_process";
import { chownSync, mkdirSync } from "node:fs";
import { type ServerProcess, startProcess } from "../../support/service/server-process.js";
import type { Cleanup } from "../../support/service/temporary-folder.js";
import type { Image } from "./image.js";

/**
 * Does what `docker run --read-only -v DATA:/data` does: own mounts, a read-only root file system with a writable volume, and
 * the image's user. $1 root, $2 data, $3 uid, $4 gid, $5 working directory; the rest is the command.
 */
const ENTER = `
mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && mount --bind "$2" "$1/data" &&
mount -t proc proc "$1/proc" && root=$1 uid=$3 gid=$4 folder=$5 && shift 5 &&
exec unshare --setgid "$gid" --setuid "$uid" --root "$root" --wd "$folder" -- "$@"
`;

/** Containers of an image that share a volume at /data and the host network. */
export class Containers {
  readonly #image: Image;
  readonly #data: string;

  constructor(image: Image, data: string) {
    if (image.volumes.join() !== "/data") throw new Error(`The volume is /data, not ${image.volumes}.`);
    this.#image = image;
    this.#data = data;
    mkdirSync(data);
    const [uid = Number.NaN, gid = Number.NaN] = image.user.split(":").map(Number);
    // Docker initializes a new volume with the image's files at its path.
    chownSync(data, uid, gid);
  }

  /** Starts the service with the image's CMD. */
  start(t: Cleanup, environment: Readonly<Record<string, string>>): ServerProcess {
    const { command, environment: given } = this.#image;
    return startProcess(t, { ...given, ...environment }, this.#enter(command));
  }

  /** Runs a command in a container to completion. */
  exec(
    environment: Readonly<Record<string, string>>,
    command: readonly string[],
  ): Promise<{ code: number; output: string }> {
    const [file = "", ...args] = this.#enter(command);
    const env = { ...this.#image.environment, ...environment };
    return new Promise((resolve) => {
      execFile(file, args, { env, timeout: 60_000 }, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
        resolve({ code, output: stdout + stderr });
      });
    });
  }

  #enter(command: readonly string[]): string[] {
    const { root, user, workdir } = this.#image;
    return [
      "unshare",
      "--mount",
      "/bin/sh",
      "-c",
      ENTER,
      "sh",
      root,
      this.#data,
      ...user.split(":"),
      workdir,
      ...command,
    ];
  }
}
