import { createBlocker } from "./blocker.js";
import { defineGate } from "./gate.js";

/** Blocks until the time that was requested with `notBefore`. It cannot be forced, because the same request set it. */
export const notBeforeGate = defineGate({
  name: "notBefore",
  facts: {},
  evaluate(now, { notBefore }) {
    if (notBefore == null || notBefore <= now) return [];
    const message = `The promotion was requested for ${notBefore.toISOString()} or later.`;
    return [createBlocker({ code: "NOT_BEFORE", message, clearsAt: notBefore, remedies: ["WAIT"] })];
  },
});
