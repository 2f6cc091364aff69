import "./runtime/require-supported-node.js";
import { setFlagsFromString } from "node:v8";

/*
 * Starts the service with little memory. Loading its modules creates so much short-lived garbage that V8 would grow the
 * space for new objects by 25 MB and keep it, although an idle service does not need it. So that space may not grow
 * until all modules are loaded. Afterwards V8's default growth factor applies.
 */

const DEFAULT_GROWTH_FACTOR = 2;

function setGrowthFactor(factor: number): void {
  setFlagsFromString(`--semi-space-growth-factor=${factor}`);
}

setGrowthFactor(1);
const { serve } = await import("./serve.js");
await serve(() => setGrowthFactor(DEFAULT_GROWTH_FACTOR));
