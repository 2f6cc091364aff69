import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where a test says what is to be undone: the context of `it`, `before` and `after` alike. */
export interface Cleanup {
  after(undo: () => Promise<unknown> | unknown): void;
}

/** A folder that is removed with what is in it when the test has ended. */
export function temporaryFolder(t: Cleanup): string {
  const folder = mkdtempSync(join(tmpdir(), "railyard-test-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
