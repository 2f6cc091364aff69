import { useMutation } from "../../acting/use-mutation";
import { useNow } from "../../api/clock";
import { type VoidReason, type VoteFragment, WithdrawApprovalDocument } from "../../gql/graphql";
import { useIsViewer } from "../../session/session";
import { Button } from "../../ui/controls/button";
import { useToast } from "../../ui/dialogs/toasts";
import { StateIcon } from "../../ui/icons/icons";
import { Age } from "../../ui/text/age";
import { formatDuration } from "../../ui/text/format";
import styles from "./approvals.module.css";

const VOID: Readonly<Record<VoidReason, string>> = {
  WITHDRAWN: "was withdrawn",
  EXPIRED: "was valid for a limited time, which is over",
  RULE_CHANGED: "does not count, because the rule changed",
  CREDENTIAL_REVOKED: "does not count, because the token was revoked",
  CHECK_FAILED: "does not count, because a check failed since",
};

interface VotesProps {
  readonly votes: readonly VoteFragment[];
  /** Whether the promotion waits: then people can take their approvals back. */
  readonly waiting: boolean;
}

/** Who voted, when and why, in order, with the votes that do not count any more. */
export function Votes({ votes, waiting }: VotesProps) {
  return (
    <ol className={styles.votes} aria-label="Votes">
      {votes.map((vote) => (
        <VoteLine key={vote.id} vote={vote} waiting={waiting} />
      ))}
    </ol>
  );
}

function VoteLine({ vote, waiting }: { readonly vote: VoteFragment; readonly waiting: boolean }) {
  const { id, by, decision, comment, createdAt, validUntil, voidedBecause, rule } = vote;
  const showToast = useToast();
  const isViewer = useIsViewer();
  const now = useNow();
  const { run, busy, error } = useMutation(WithdrawApprovalDocument, () => showToast("Your approval was withdrawn."));
  const approved = decision === "APPROVED";
  const counts = voidedBecause === null;
  const rest = Date.parse(validUntil) - now;
  return (
    <li className={styles.vote} data-void={!counts || undefined}>
      <StateIcon state={!counts ? "none" : approved ? "good" : "bad"} size={14} />
      <div>
        <p>
          <b>{by.person ?? by.name}</b> {approved ? "approved" : "rejected"} under {rule.name}
        </p>
        {comment !== null && <p className={styles.comment}>{comment}</p>}
        <p className={styles.about}>
          <Age time={createdAt} />
          {!counts && ` · ${VOID[voidedBecause]}`}
          {counts && approved && waiting && rest > 0 && ` · counts for another ${formatDuration(rest)}`}
        </p>
        {error !== null && <p role="alert">{error}</p>}
      </div>
      {waiting && approved && counts && isViewer(by) && (
        <Button kind="plain" busy={busy} onClick={() => run({ input: { approval: id } })}>
          Withdraw<span className="visually-hidden"> your approval under {rule.name}</span>
        </Button>
      )}
    </li>
  );
}
