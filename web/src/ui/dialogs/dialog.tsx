import { type ReactNode, type SubmitEvent, useEffect, useId, useRef } from "react";
import { Button } from "../controls/button";
import { Icon } from "../icons/icons";
import styles from "./dialog.module.css";

interface DialogProps {
  readonly title: string;
  readonly children: ReactNode;
  /** The text of the button that does it; null for a dialog that only shows something. */
  readonly action: string | null;
  readonly disabled?: boolean;
  readonly busy?: boolean;
  readonly danger?: boolean;
  /** Why it did not work. */
  readonly error?: string | null;
  readonly cancel?: string;
  onSubmit?(): void;
  onClose(): void;
}

/** A modal dialog. The browser keeps the focus inside, closes it with Escape, and gives the focus back. */
export function Dialog(props: DialogProps) {
  const { title, children, action, disabled, busy, danger, error, cancel = "Cancel", onSubmit, onClose } = props;
  const element = useRef<HTMLDialogElement>(null);
  const heading = useId();

  useEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!disabled && !busy) onSubmit?.();
  };
  return (
    <dialog ref={element} className={styles.dialog} aria-labelledby={heading} onClose={onClose}>
      <form onSubmit={submit}>
        <div className={styles.header}>
          <h2 id={heading}>{title}</h2>
          <button type="button" className={styles.close} aria-label="Close" onClick={onClose}>
            <Icon name="close" />
          </button>
        </div>
        <div className={styles.body}>{children}</div>
        <div className={styles.footer}>
          {error != null && (
            <p role="alert" className={styles.error}>
              {error}
            </p>
          )}
          <Button kind="plain" onClick={onClose}>
            {cancel}
          </Button>
          {action !== null && (
            <Button type="submit" kind={danger ? "danger" : "primary"} disabled={disabled} busy={busy}>
              {action}
            </Button>
          )}
        </div>
      </form>
    </dialog>
  );
}
