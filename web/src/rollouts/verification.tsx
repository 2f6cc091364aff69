import { useNow } from "../api/clock";
import type { VerificationStateFragment } from "../gql/graphql";
import { StateIcon } from "../ui/icons/icons";
import { formatDuration, formatTime } from "../ui/text/format";
import { Note } from "./note";
import styles from "./note.module.css";

/** More checks than these are only counted. */
const NAMED = 3;

interface VerificationNoteProps {
  readonly release: VerificationStateFragment;
  /** The contexts that verify releases of the app. */
  readonly checks: readonly string[];
}

/** That a release is being verified, and until when, or why its verification failed. Nothing for a release that was verified. */
export function VerificationNote({ release: { verifyBy, verificationProblem }, checks }: VerificationNoteProps) {
  if (verifyBy !== null) {
    return (
      <Note kind="busy" icon={<StateIcon state="pending" size={14} />} title={`Verifying${describeChecks(checks)}`}>
        <TimeLeft until={verifyBy} />
      </Note>
    );
  }
  if (verificationProblem === null) return null;
  return (
    <Note kind="bad" icon={<StateIcon state="bad" size={14} />} title="Verification failed">
      {verificationProblem}
    </Note>
  );
}

function describeChecks(checks: readonly string[]): string {
  if (checks.length === 0) return "";
  const more = checks.length - NAMED;
  return ` with ${checks.slice(0, NAMED).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function TimeLeft({ until }: { readonly until: string }) {
  const left = Date.parse(until) - useNow();
  return (
    <time dateTime={until} title={formatTime(until)}>
      {left > 0 ? `Fails in ${formatDuration(left)} unless it passes` : "Its time is over"}
    </time>
  );
}

/** That a release was verified, with the time as a tooltip. */
export function VerifiedMark({ release: { verifiedAt } }: { readonly release: VerificationStateFragment }) {
  if (verifiedAt === null) return null;
  return (
    <span className={styles.verified} title={`Verified ${formatTime(verifiedAt)}`}>
      <StateIcon state="good" size={12} /> verified
    </span>
  );
}
