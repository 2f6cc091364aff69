import { createBlocker } from "./blocker.js";
import { defineGate } from "./gate.js";

/** Blocks until the time that was asked for with `notBefore`. It was asked for, so it cannot be forced. */
export const notBeforeGate = defineGate({
  name: "notBefore",
  facts: {},
  evaluate(now, { notBefore }) {
    if (notBefore == null || notBefore <= now) return [];
    const message = `The promotion was requested for ${notBefore.toISOString()} or later.`;
    return [createBlocker({ code: "NOT_BEFORE", message, clearsAt: notBefore, remedies: ["WAIT"] })];
  },
});
