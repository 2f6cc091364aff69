import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { readConfig } from "../../../src/config.js";
import { KeyRing } from "../../../src/domain/config-vars/key-ring.js";
import { fingerprint, open, seal, Unreadable } from "../../../src/domain/config-vars/sealing.js";
import { configKeys } from "../../support/data/config-keys.js";

const key = randomBytes(32);

describe("a sealed value", () => {
  it("opens with its key, for its app and key, and in no other way", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 200 }), fc.nat(), (value, at) => {
        const sealed = seal(key, Buffer.from(value), "app/KEY");
        assert.equal(open(key, sealed, "app/KEY").toString(), value);
        for (const [otherKey, owner] of [
          [randomBytes(32), "app/KEY"],
          [key, "app/OTHER"],
          [key, "other/KEY"],
        ] as const) {
          assert.throws(() => open(otherKey, sealed, owner), Unreadable);
        }
        const bytes = Buffer.from(sealed, "base64");
        const index = at % bytes.length;
        bytes[index] = (bytes[index] as number) ^ 1;
        assert.throws(() => open(key, bytes.toString("base64"), "app/KEY"), Unreadable, `byte ${index} is changed`);
        assert.throws(() => open(key, bytes.subarray(0, index).toString("base64"), "app/KEY"), Unreadable);
      }),
    );
  });

  it("is different each time, and a fingerprint is the same for one key only", () => {
    assert.notEqual(seal(key, Buffer.from("same"), "a"), seal(key, Buffer.from("same"), "a"));
    assert.match(fingerprint(key, "same"), /^[0-9a-f]{12}$/);
    assert.equal(fingerprint(key, "same"), fingerprint(key, "same"));
    assert.notEqual(fingerprint(key, "same"), fingerprint(randomBytes(32), "same"));
  });
});

describe("the key of an app", () => {
  it("is its own, and is unwrapped for that app only", () => {
    const ring = new KeyRing(readConfig(configKeys("k2", "k1")).configKeys);
    const [one, other] = [ring.create("one", "APP"), ring.create("other", "APP")];
    assert.notDeepEqual(one.key, other.key);
    assert.equal(one.row.wrappedBy, "k2", "the first key encrypts");
    assert.deepEqual(ring.unwrap(one.row), one.key);
    assert.equal(ring.unwrap({ ...one.row, subjectId: "other" }), null);
    assert.ok(!JSON.stringify(one.row).includes(one.key.toString("base64")));
  });
});
