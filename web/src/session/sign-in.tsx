import { type FormEvent, useEffect, useRef, useState } from "react";
import { loadPart } from "../api/load-part";
import { settings } from "../settings";
import { Mark } from "../ui/icons/icons";
import styles from "./sign-in.module.css";

/** The host of the issuer; null if people paste a token. */
const issuer = settings.oidc === null ? null : new URL(settings.oidc.issuer).host;

interface SignInProps {
  /** Why the person was signed out, or what went wrong. */
  readonly notice: string | null;
  /** Whether a token is being checked. */
  readonly busy: boolean;
  onToken(token: string): void;
}

export function SignIn({ notice, busy, onToken }: SignInProps) {
  const input = useRef<HTMLInputElement>(null);
  const [failure, setFailure] = useState<string | null>(null);
  useEffect(() => {
    document.title = "Sign in · Railyard";
    if (!busy) input.current?.focus();
  }, [busy]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const token = input.current?.value.trim() ?? "";
    if (token !== "") onToken(token);
  };

  const start = () => {
    setFailure(null);
    startOidc().catch(() => setFailure(`${issuer} cannot be reached.`));
  };
  const shown = failure ?? notice;

  return (
    <main className={styles.page}>
      <form className={styles.panel} onSubmit={submit}>
        <Mark size={40} />
        <h1>Railyard</h1>
        {shown !== null && (
          <p role="alert" className={styles.notice}>
            {shown}
          </p>
        )}
        {busy ? (
          <p role="status">Signing in …</p>
        ) : (
          <>
            {issuer !== null && (
              <button type="button" className={styles.primary} onClick={start}>
                Sign in with {issuer}
              </button>
            )}
            <label htmlFor="token">Token</label>
            <input
              ref={input}
              id="token"
              type="password"
              autoComplete="off"
              spellCheck={false}
              required
              placeholder="railyard_…"
            />
            <button type="submit" className={issuer === null ? styles.primary : styles.secondary}>
              Sign in
            </button>
            <p className={styles.hint}>The token stays in this tab. It is forgotten when the tab is closed.</p>
          </>
        )}
      </form>
    </main>
  );
}

async function startOidc(): Promise<void> {
  const { redirectToIssuer } = await loadPart(() => import("./oidc"));
  await redirectToIssuer();
}
