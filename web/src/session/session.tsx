import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import type { Client } from "urql";
import { type Connection, connect } from "../api/connection";
import { OperationFailed, query } from "../api/operations";
import { type Role, SessionDocument } from "../gql/graphql";
import { SignIn } from "./sign-in";
import { forgetToken, loadToken, storeToken } from "./token";

export interface Session {
  readonly name: string;
  readonly role: Role;
  readonly connection: Connection;
  signOut(): void;
}

const SessionContext = createContext<Session | null>(null);

/** The session of the person who is signed in. Use below `SessionProvider`. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error("There is no session.");
  return session;
}

export function useClient(): Client {
  return useSession().connection.client;
}

const ROLES: readonly Role[] = ["VIEWER", "REPORTER", "OPERATOR", "ADMIN"];

/** Whether the viewer has this role or a higher one. */
export function useHasRole(role: Role): boolean {
  return ROLES.indexOf(useSession().role) >= ROLES.indexOf(role);
}

/** Asks for a token, and shows `children` once the service accepts it. */
export function SessionProvider({ children }: { children: ReactNode }) {
  const [token, setToken] = useState(loadToken);
  const [notice, setNotice] = useState<string | null>(null);
  const [viewer, setViewer] = useState<{ name: string; role: Role } | null>(null);

  const connection = useMemo(() => {
    if (token === null) return null;
    return connect(token, (reason) => {
      forgetToken();
      setToken(null);
      setViewer(null);
      setNotice(reason);
    });
  }, [token]);

  useEffect(() => {
    if (connection === null) return;
    let current = true;
    let retry: ReturnType<typeof setTimeout> | undefined;
    const load = async () => {
      try {
        const session = await query(connection.client, SessionDocument, {});
        if (current) setViewer(session.viewer);
      } catch (error) {
        if (!current || !(error instanceof OperationFailed) || error.code === "UNAUTHENTICATED") return;
        setNotice(error.message);
        retry = setTimeout(load, 2_000);
      }
    };
    void load();
    return () => {
      current = false;
      clearTimeout(retry);
      connection.close();
    };
  }, [connection]);

  const session = useMemo<Session | null>(() => {
    if (connection === null || viewer === null) return null;
    const signOut = () => {
      forgetToken();
      setToken(null);
      setViewer(null);
      setNotice(null);
    };
    return { ...viewer, connection, signOut };
  }, [connection, viewer]);

  if (session !== null) return <SessionContext value={session}>{children}</SessionContext>;
  return (
    <SignIn
      notice={notice}
      busy={token !== null}
      onToken={(given) => {
        storeToken(given);
        setNotice(null);
        setToken(given);
      }}
    />
  );
}
