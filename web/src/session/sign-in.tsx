import { type FormEvent, useEffect, useRef } from "react";
import { settings } from "../settings";
import { Mark } from "../ui/icons";
import styles from "./sign-in.module.css";

interface SignInProps {
  /** Why the person was signed out, or what went wrong. */
  readonly notice: string | null;
  /** Whether a token is being checked. */
  readonly busy: boolean;
  onToken(token: string): void;
}

export function SignIn({ notice, busy, onToken }: SignInProps) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    document.title = "Sign in · Railyard";
    if (!busy) input.current?.focus();
  }, [busy]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const token = input.current?.value.trim() ?? "";
    if (token !== "") onToken(token);
  };

  return (
    <main className={styles.page}>
      <form className={styles.panel} onSubmit={submit}>
        <Mark size={40} />
        <h1>Railyard</h1>
        {notice !== null && (
          <p role="alert" className={styles.notice}>
            {notice}
          </p>
        )}
        {busy ? (
          <p role="status">Signing in …</p>
        ) : (
          <>
            {settings.oidc !== null && (
              <button type="button" className={styles.primary} onClick={() => void startOidc()}>
                Sign in with {new URL(settings.oidc.issuer).host}
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
            <button type="submit" className={settings.oidc === null ? styles.primary : styles.secondary}>
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
  const { redirectToIssuer } = await import("./oidc");
  await redirectToIssuer();
}
