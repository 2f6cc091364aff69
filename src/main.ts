import "./runtime/require-supported-node.js";
import { setFlagsFromString } from "node:v8";

/*
 * Starts the service, in little memory: reading its modules makes so much garbage in a second that V8 would grow the
 * space for new objects, and keep it, by 25 MB that an idle service has no need of. So that space does not grow until all
 * is read; from then on it does, with the work, by V8's own factor.
 */

const OWN_FACTOR = 2;

function growth(factor: number): void {
  setFlagsFromString(`--semi-space-growth-factor=${factor}`);
}

growth(1);
const { serve } = await import("./serve.js");
await serve(() => growth(OWN_FACTOR));
