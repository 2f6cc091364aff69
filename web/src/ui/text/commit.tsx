import styles from "../page.module.css";
import { firstLine, shortSha } from "./format";

interface CommitProps {
  readonly commit: { readonly sha: string; readonly message: string | null; readonly url?: string | null };
}

/** A commit: its short hash, a link where there is a URL, and the first line of its message. */
export function Commit({ commit: { sha, message, url } }: CommitProps) {
  return (
    <>
      {url != null && /^https?:/.test(url) ? (
        <a href={url} rel="noreferrer">
          <code>{shortSha(sha)}</code>
        </a>
      ) : (
        <code>{shortSha(sha)}</code>
      )}{" "}
      <span className={styles.muted}>{firstLine(message)}</span>
    </>
  );
}
