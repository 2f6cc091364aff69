import type { ReactNode } from "react";
import styles from "./note.module.css";

interface NoteProps {
  readonly kind: "busy" | "warn" | "bad";
  readonly icon: ReactNode;
  readonly title: ReactNode;
  readonly children?: ReactNode;
  /** What can be done about it. */
  readonly tools?: ReactNode;
}

/** Something about an app or a build that people should know, in a line or two. */
export function Note({ kind, icon, title, children, tools }: NoteProps) {
  return (
    <div className={styles.note} data-kind={kind}>
      {icon}
      <div>
        <p>
          <b>{title}</b>
        </p>
        {children !== undefined && <p className={styles.detail}>{children}</p>}
      </div>
      {tools}
    </div>
  );
}
