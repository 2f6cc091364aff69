/*
 * Builds the page in web/ with Vite, if its sources or the packages changed since the last build. Vite writes to
 * .build/web; changed files are then copied to dist/web, index.html last, so that a running service never refers to a
 * file that does not exist.
 *
 * Assets of earlier builds stay in dist/web until `npm run clean`: an open page may still load them.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const SOURCES = "web";
const MANIFEST = join(SOURCES, "src", "gql", "persisted-documents.json");

/**
 * @param staging the folder that Vite writes to
 * @param target the folder that the service reads
 * @param replace writes a file unless it has this content already: `(path, content) => void`
 * @param prune removes the assets of earlier builds
 * @returns the exit code
 */
export function buildPage({ staging, target, replace, prune }) {
  // Test projects have no page.
  if (!existsSync(SOURCES)) return 0;
  const sumFile = `${staging}.sum`;
  const sum = checksum();
  const isCurrent = existsSync(join(target, "index.html")) && readIfExists(sumFile) === sum;
  if (isCurrent && !prune) return 0;
  const vite = join("node_modules", "vite", "bin", "vite.js");
  const flags = ["build", SOURCES, "--outDir", join("..", staging), "--emptyOutDir", "--logLevel", "warn"];
  rmSync(sumFile, { force: true });
  const { status, error } = spawnSync(process.execPath, [vite, ...flags], { stdio: "inherit" });
  if (error) throw error;
  if (status !== 0) return status ?? 1;
  replace(join(target, "documents.json"), readFileSync(MANIFEST));
  for (const file of [...listFiles(staging).filter((name) => name !== "index.html"), "index.html"]) {
    replace(join(target, file), readFileSync(join(staging, file)));
  }
  if (prune) {
    const built = new Set(listFiles(staging));
    const former = listFiles(join(target, "assets")).filter((name) => !built.has(join("assets", name)));
    for (const name of former) rmSync(join(target, "assets", name));
  }
  writeFileSync(sumFile, sum);
  return 0;
}

/** The hash of all files that the page is built from. */
function checksum() {
  const hash = createHash("sha256").update(readFileSync("package-lock.json"));
  for (const file of listFiles(SOURCES)) hash.update(`${file}\n`).update(readFileSync(join(SOURCES, file)));
  return hash.digest("hex");
}

function listFiles(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1)).sort();
}

function readIfExists(file) {
  return existsSync(file) ? readFileSync(file, "utf8") : null;
}
