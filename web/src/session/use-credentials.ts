import { useCallback, useEffect, useState } from "react";
import { useLocation, useNavigate } from "react-router";
import { loadPart } from "../api/load-part";
import { type Credentials, forgetCredentials, loadCredentials, storeCredentials } from "./token";

const RETRY_MS = 5_000;

export interface CredentialsState {
  readonly credentials: Credentials | null;
  /** Whether the issuer has sent the person back, and the sign-in is being completed. */
  readonly completing: boolean;
  /** Why the person has to sign in, or what went wrong. */
  readonly notice: string | null;
  signIn(token: string): void;
  /** @param notice why; null if the person wanted it */
  signOut(notice: string | null): void;
  setNotice(notice: string | null): void;
}

/** What the person is signed in with: kept for this tab, completed on return from the issuer, and renewed before it expires. */
export function useCredentials(): CredentialsState {
  const [credentials, setCredentials] = useState(loadCredentials);
  const [notice, setNotice] = useState<string | null>(null);

  const adopt = useCallback((given: Credentials) => {
    storeCredentials(given);
    setNotice(null);
    setCredentials(given);
  }, []);
  const signOut = useCallback((reason: string | null) => {
    forgetCredentials();
    setCredentials(null);
    setNotice(reason);
  }, []);
  const signIn = useCallback((token: string) => adopt({ token, renewal: null }), [adopt]);

  const completing = useReturnFromIssuer(adopt, setNotice);
  useRenewal(credentials, adopt);
  return { credentials, completing, notice, signIn, signOut, setNotice };
}

/** Completes the sign-in at `/sign-in`, where the issuer sends people back to. */
function useReturnFromIssuer(adopt: (credentials: Credentials) => void, failed: (notice: string) => void): boolean {
  const { pathname, search } = useLocation();
  const navigate = useNavigate();
  const completing = pathname === "/sign-in";

  useEffect(() => {
    if (!completing) return;
    // A link to the sign-in itself, or a reload of it.
    if (search === "") return void navigate("/", { replace: true });
    complete(location.href).then(
      ({ credentials, returnTo }) => {
        adopt(credentials);
        // The code must not stay in the history.
        void navigate(returnTo === "/sign-in" ? "/" : returnTo, { replace: true });
      },
      (error: Error) => {
        failed(error.message);
        void navigate("/", { replace: true });
      },
    );
  }, [completing, search, navigate, adopt, failed]);

  return completing;
}

const completions = new Map<string, Promise<{ credentials: Credentials; returnTo: string }>>();

/** A code can be used once; React runs effects twice during development. */
function complete(url: string): Promise<{ credentials: Credentials; returnTo: string }> {
  const started =
    completions.get(url) ?? loadPart(() => import("./oidc")).then(({ completeSignIn }) => completeSignIn(new URL(url)));
  completions.set(url, started);
  return started;
}

function useRenewal(credentials: Credentials | null, adopt: (credentials: Credentials) => void): void {
  useEffect(() => {
    const renewal = credentials?.renewal;
    if (renewal == null) return;
    let current = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const run = async () => {
      try {
        const { renew } = await import("./oidc");
        const renewed = await renew(renewal.refreshToken);
        // Refused: the service signs the person out once the token expires.
        if (current && renewed !== null) adopt(renewed);
      } catch {
        if (current) timer = setTimeout(run, RETRY_MS);
      }
    };
    timer = setTimeout(run, Math.max(0, renewal.dueAt - Date.now()));
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [credentials, adopt]);
}
