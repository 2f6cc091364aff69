/*
 * Compiles the project into dist/, and the page into dist/web, without disturbing processes that run from it.
 *
 * TypeScript compiles incrementally into .build/. Each changed file is then written to a temporary file in dist/ and
 * renamed, so that readers see either the old or the new file, never a partial one. Builds run one at a time: a
 * concurrent build waits. A build that fails to compile leaves dist/ unchanged.
 *
 * Outputs under dist/src without a source stay until `npm run clean`: a running service may still import them. Others
 * are removed, so that a deleted test does not run. `--prune` removes all of them; packing uses it.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { buildPage } from "./build-page.mjs";

const TARGET = "dist";
// As deep as TARGET, so that the relative paths in source maps hold in both.
const STAGING = ".build";
const LOCK = join(STAGING, "lock");
const PAGE = "web";
const EXECUTABLE = join("src", "cli", "main.js");
const LOCK_POLL_MS = 50;
// Far longer than a build takes. An older lock belongs to a killed process whose id another process has reused.
const MAX_LOCK_AGE_MS = 10 * 60_000;

mkdirSync(STAGING, { recursive: true });
takeLock();
try {
  process.exitCode = build();
} finally {
  rmSync(LOCK, { force: true });
}

/** @returns the exit code */
function build() {
  const buildInfo = join(STAGING, ".tsbuildinfo");
  const tsc = join("node_modules", "typescript", "bin", "tsc");
  const flags = ["--incremental", "--tsBuildInfoFile", buildInfo, "--outDir", STAGING];
  const { status, error } = spawnSync(process.execPath, [tsc, ...flags], { stdio: "inherit" });
  if (error) throw error;
  if (status !== 0) {
    // Forces a full compilation next time, because this one is incomplete.
    rmSync(buildInfo, { force: true });
    return status ?? 1;
  }
  const outputs = outputsOfSources();
  for (const file of outputs) copyIfChanged(file);
  chmodIfNeeded(join(TARGET, EXECUTABLE));
  removeStale(new Set(outputs));
  const prune = process.argv.includes("--prune");
  return buildPage({ staging: join(STAGING, PAGE), target: join(TARGET, PAGE), replace: replaceIfChanged, prune });
}

/** The files that the sources compile to, relative to the output folder. */
function outputsOfSources() {
  const { include } = JSON.parse(readFileSync("tsconfig.json", "utf8"));
  return include
    .flatMap((folder) => readdirSync(folder, { recursive: true }).map((file) => join(folder, file)))
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts") && !file.includes(`node_modules${sep}`))
    .flatMap((file) => [file.replace(/\.ts$/, ".js"), file.replace(/\.ts$/, ".js.map")])
    .filter((file) => read(join(STAGING, file)) !== null);
}

function copyIfChanged(file) {
  replaceIfChanged(join(TARGET, file), readFileSync(join(STAGING, file)), file === EXECUTABLE ? 0o755 : 0o644);
}

function replaceIfChanged(target, content, mode = 0o644) {
  if (read(target)?.equals(content)) return;
  mkdirSync(dirname(target), { recursive: true });
  const beside = `${target}.${process.pid}.new`;
  writeFileSync(beside, content, { mode });
  renameSync(beside, target);
}

function chmodIfNeeded(file) {
  if ((statSync(file).mode & 0o111) !== 0o111) chmodSync(file, 0o755);
}

function removeStale(outputs) {
  const prune = process.argv.includes("--prune");
  for (const folder of [STAGING, TARGET]) {
    for (const file of readdirSync(folder, { recursive: true })) {
      if (!/\.js(\.map)?$/.test(file) || outputs.has(file) || file.startsWith(`${PAGE}${sep}`)) continue;
      if (folder === TARGET && file.startsWith(`src${sep}`) && !prune) continue;
      rmSync(join(folder, file), { force: true });
    }
  }
}

/** The content of a file; null if it does not exist. */
function read(file) {
  try {
    return readFileSync(file);
  } catch (error) {
    if (error.code === "ENOENT") return null;
    throw error;
  }
}

/** Waits until no other build runs. Takes over the lock of a process that has exited. */
function takeLock() {
  for (;;) {
    try {
      writeFileSync(LOCK, String(process.pid), { flag: "wx" });
      return;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const owner = Number(read(LOCK)?.toString());
    // 0: the lock file was just created and is still empty.
    const isStale = owner > 0 && (!isRunning(owner) || lockAgeMs() > MAX_LOCK_AGE_MS);
    if (isStale) rmSync(LOCK, { force: true });
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_POLL_MS);
  }
}

/** 0 if the lock was released meanwhile. */
function lockAgeMs() {
  const lock = statSync(LOCK, { throwIfNoEntry: false });
  return lock === undefined ? 0 : Date.now() - lock.mtimeMs;
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}
