import { quarantineGate } from "../rollouts/quarantine/quarantine-gate.js";
import { verifiedGate } from "../rollouts/verification/verified-gate.js";
import { waveGate } from "../rollouts/wave-gate.js";
import { approvalGate } from "./approvals/approval-gate.js";
import { requiredChecksGate } from "./checks/required-checks.js";
import { configParityGate } from "./config-parity.js";
import { freezeGate } from "./freezes/freeze-gate.js";
import type { AnyGate } from "./gate.js";
import { notBeforeGate } from "./not-before.js";
import { soakTimeGate } from "./policies/soak-time.js";
import { repositoryGate } from "./repository.js";
import { windowGate } from "./windows/window-gate.js";

/** Every gate, in the order in which blockers are listed. */
export const GATES: readonly AnyGate[] = [
  notBeforeGate,
  repositoryGate,
  requiredChecksGate,
  soakTimeGate,
  verifiedGate,
  quarantineGate,
  configParityGate,
  freezeGate,
  windowGate,
  approvalGate,
  waveGate,
];

/** The gates that apply to a change of an app's config, which does not change its build. */
export const CONFIG_GATES: readonly AnyGate[] = GATES.filter((gate) => gate.holdsConfig === true);
