import assert from "node:assert/strict";

const ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;
const SECRET = /railyard_[\w-]{43}/g;

/** Text without what is another each time: ids, times and secrets. */
export function redactVariable(text: string): string {
  return text.replace(ID, "<id>").replace(TIME, "<time>").replace(SECRET, "<secret>");
}

/** Holds the answers of a session against those of another that was written down, whose ids were others. */
export class ResponseMatcher {
  readonly #ids = new Map<string, string>();

  /** What was written down, with the ids of this session. */
  replaceIds(text: string): string {
    return text.replace(ID, (id) => this.#ids.get(id) ?? id);
  }

  /** Demands that an answer is the one that was written down, and learns its ids; where one comes again, it must be the same. */
  assertMatches(answer: unknown, written: unknown, about: string): void {
    const [found, promised] = [normalizeJson(answer), normalizeJson(written)];
    assert.deepEqual(JSON.parse(redactVariable(found)), JSON.parse(redactVariable(promised)), about);
    const ids = found.match(ID) ?? [];
    (promised.match(ID) ?? []).forEach((id, index) => {
      const actual = ids[index] ?? "";
      assert.equal(this.#ids.get(id) ?? actual, actual, `${about}\n${id} stands for two things`);
      this.#ids.set(id, actual);
    });
  }
}

/** JSON without where in the document an error is, without `data` where there is none, and without positions in the log. */
function normalizeJson(answer: unknown): string {
  return JSON.stringify(answer, (key, value: unknown) => {
    if (key === "locations" || (key === "data" && value === null)) return undefined;
    return /cursor$/i.test(key) && typeof value === "string" ? "<cursor>" : value;
  });
}
