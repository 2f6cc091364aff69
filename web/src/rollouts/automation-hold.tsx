import type { ComponentProps } from "react";
import { useMutation } from "../acting/use-mutation";
import { type AutomationFragment, ReleaseAutomationHoldDocument } from "../gql/graphql";
import { useHasRole } from "../session/session";
import { useToast } from "../ui/dialogs/toasts";
import { Icon } from "../ui/icons/icons";
import { Age } from "../ui/text/age";
import { Note } from "./note";
import styles from "./note.module.css";

interface AutomationHoldNoteProps {
  /** Null for an app of no pipeline. */
  readonly coupling: AutomationFragment | null;
  readonly app: string;
  /** For the button, where it is part of a list with a focus of its own. */
  readonly button?: ComponentProps<"button">;
}

/** Why automation of an app is held, since when and by whom, with the button that lets it go on. Nothing if it is not held. */
export function AutomationHoldNote({ coupling, app, button = {} }: AutomationHoldNoteProps) {
  const hold = coupling === null ? null : findHold(coupling);
  if (coupling === null || hold === null) return null;
  const { reason, since, by } = hold;
  const isEarly = isAutoDeployStage(coupling);
  return (
    <Note
      kind="warn"
      icon={<Icon name="pause" size={14} />}
      title={isEarly ? "Automatic deploys are held" : "Automatic promotions are held"}
      tools={isEarly ? undefined : <ResumeButton coupling={coupling.id} app={app} button={button} />}
    >
      {reason.replace(/\.$/, "")} · {by.person ?? by.name}, <Age time={since} />
      {isEarly && " · ends with the next release or promotion"}
    </Note>
  );
}

type Automation = Pick<AutomationFragment, "stage" | "autoDeploy" | "automationHeld">;

/** What holds automation of an app; null if nothing does, and where nothing is automatic. */
export function findHold(coupling: Automation): AutomationFragment["automationHeld"] {
  return coupling.stage === "DEVELOPMENT" && !coupling.autoDeploy ? null : coupling.automationHeld;
}

/** There, a release ends the hold, and nothing else does. */
function isAutoDeployStage({ stage }: Automation): boolean {
  return stage === "REVIEW" || stage === "DEVELOPMENT";
}

interface ResumeButtonProps {
  readonly coupling: string;
  readonly app: string;
  readonly button: ComponentProps<"button">;
}

function ResumeButton({ coupling, app, button }: ResumeButtonProps) {
  const mayAct = useHasRole("OPERATOR");
  const showToast = useToast();
  const { run, busy, error } = useMutation(ReleaseAutomationHoldDocument, () =>
    showToast(`Automatic promotions to ${app} go on.`),
  );
  if (!mayAct) return null;
  return (
    <>
      <button
        type="button"
        className={styles.button}
        aria-disabled={busy}
        aria-label={`Resume automatic promotions to ${app}`}
        onClick={() => run({ input: { coupling } })}
        {...button}
      >
        Resume
      </button>
      {error !== null && (
        <p role="alert" className={styles.error}>
          {error}
        </p>
      )}
    </>
  );
}
