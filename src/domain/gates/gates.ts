import { approvalGate } from "./approvals/approval-gate.js";
import { requiredChecksGate } from "./checks/required-checks.js";
import { freezeGate } from "./freezes/freeze-gate.js";
import type { AnyGate } from "./gate.js";
import { notBeforeGate } from "./not-before.js";
import { soakTimeGate } from "./policies/soak-time.js";
import { repositoryGate } from "./repository.js";
import { windowGate } from "./windows/window-gate.js";

/** Every gate, in the order in which their blockers are listed. A new gate is a file in this folder and a line here. */
export const GATES: readonly AnyGate[] = [
  notBeforeGate,
  repositoryGate,
  requiredChecksGate,
  soakTimeGate,
  freezeGate,
  windowGate,
  approvalGate,
];
