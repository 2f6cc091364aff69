import type { ComponentProps, ReactNode } from "react";
import { Icon, type IconName } from "../icons/icons";
import styles from "./button.module.css";

interface ButtonProps {
  readonly kind: "primary" | "danger" | "plain";
  readonly type?: "button" | "submit";
  readonly disabled?: boolean | undefined;
  /** While it is being done. A second click does nothing. */
  readonly busy?: boolean | undefined;
  readonly children: ReactNode;
  onClick?(): void;
}

/** A button that stays focusable while it is disabled, so that the focus is not lost. */
export function Button({ kind, type = "button", disabled, busy, children, onClick }: ButtonProps) {
  const off = disabled || busy || false;
  return (
    <button
      type={type}
      className={styles.button}
      data-kind={kind}
      aria-disabled={off}
      aria-busy={busy || undefined}
      onClick={(event) => {
        if (off) event.preventDefault();
        else onClick?.();
      }}
    >
      {children}
    </button>
  );
}

interface IconButtonProps extends ComponentProps<"button"> {
  readonly icon: IconName;
  /** What it does, for screen readers and as a tooltip. */
  readonly label: string;
}

export function IconButton({ icon, label, ...rest }: IconButtonProps) {
  return (
    <button type="button" className={styles.icon} aria-label={label} title={label} {...rest}>
      <Icon name={icon} size={15} />
    </button>
  );
}
