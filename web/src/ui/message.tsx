import type { ReactNode } from "react";
import { Link } from "react-router";
import styles from "./message.module.css";

/** A message in the middle of the page, instead of its content. */
export function Message({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className={styles.message}>
      <h1>{title}</h1>
      {children}
    </div>
  );
}

export function NotFound({ what }: { readonly what: string }) {
  return (
    <Message title={`There is no such ${what}.`}>
      <p>It may have been renamed or deleted, or your token is restricted to other pipelines.</p>
      <p>
        <Link to="/">All pipelines</Link>
      </p>
    </Message>
  );
}
