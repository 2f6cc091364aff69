import { StateIcon, type StateName } from "../icons/icons";
import styles from "../page.module.css";

const PHASES: Readonly<Record<string, readonly [StateName, string]>> = {
  WAITING: ["pending", "waiting"],
  QUEUED: ["queued", "queued"],
  DEPLOYING: ["busy", "deploying"],
  VERIFYING: ["busy", "verifying"],
  IN_PROGRESS: ["busy", "in progress"],
  SUCCEEDED: ["good", "succeeded"],
  PARTIALLY_SUCCEEDED: ["pending", "partially succeeded"],
  FAILED: ["bad", "failed"],
  REJECTED: ["bad", "rejected"],
  SUPERSEDED: ["none", "superseded"],
  CANCELLED: ["none", "cancelled"],
  EXPIRED: ["none", "expired"],
  ROLLED_BACK: ["bad", "rolled back"],
};

/** A phase in words: `partially succeeded`. */
export function phaseWord(phase: string): string {
  return PHASES[phase]?.[1] ?? phase.toLowerCase().replaceAll("_", " ");
}

/** The phase of a release, a promotion or a target, as an icon and a word. */
export function Phase({ phase }: { readonly phase: string }) {
  return (
    <span className={styles.phase}>
      <StateIcon state={PHASES[phase]?.[0] ?? "none"} size={15} />
      {phaseWord(phase)}
    </span>
  );
}
