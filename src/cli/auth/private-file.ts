import { chmodSync, closeSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Writes a file that only the owner can read (mode 0600). Writes a temporary file first, so that the file is never
 * partial or readable by others.
 *
 * @param put moves the temporary file to its place
 */
export function writePrivateFile(
  file: string,
  text: string,
  put: (draft: string) => void = (draft) => renameSync(draft, file),
): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  const descriptor = openSync(draft, "w", 0o600);
  try {
    chmodSync(draft, 0o600);
    writeSync(descriptor, text);
    put(draft);
  } finally {
    closeSync(descriptor);
    rmSync(draft, { force: true });
  }
}
