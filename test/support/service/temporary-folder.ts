import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Registers cleanup steps: a test context, or an object with a suite's `after` hook. */
export interface Cleanup {
  after(undo: () => Promise<unknown> | unknown): void;
}

/** Creates a folder that is removed at the end of the test. */
export function temporaryFolder(t: Cleanup): string {
  const folder = mkdtempSync(join(tmpdir(), "railyard-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
