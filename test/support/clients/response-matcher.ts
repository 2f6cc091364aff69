import assert from "node:assert/strict";

const ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g;
const SECRET = /railyard_[\w-]{43}/g;

/** Replaces ids, times and secrets in a text. */
export function redactVariable(text: string): string {
  return text.replace(ID, "<id>").replace(TIME, "<time>").replace(SECRET, "<secret>");
}

/** Compares responses with documented ones that have other ids. */
export class ResponseMatcher {
  readonly #ids = new Map<string, string>();

  /** Replaces documented ids by the actual ones. */
  replaceIds(text: string): string {
    return text.replace(ID, (id) => this.#ids.get(id) ?? id);
  }

  /** Asserts that a response equals the documented one, except for ids. Each documented id must always match the same actual id. */
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

/** JSON without error locations, null `data` and event cursors. */
function normalizeJson(answer: unknown): string {
  return JSON.stringify(answer, (key, value: unknown) => {
    if (key === "locations" || (key === "data" && value === null)) return undefined;
    return /cursor$/i.test(key) && typeof value === "string" ? "<cursor>" : value;
  });
}
