import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import type { Client } from "urql";
import { type Connection, connect } from "../api/connection";
import { OperationFailed, query } from "../api/operations";
import { type Role, SessionDocument } from "../gql/graphql";
import { SignIn } from "./sign-in";
import { useCredentials } from "./use-credentials";

export interface Session {
  readonly name: string;
  readonly role: Role;
  /** The person behind the token; null if it stands for none. */
  readonly person: string | null;
  readonly subject: string | null;
  /** Whether the token is restricted to pipelines. */
  readonly restricted: boolean;
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

/** Whether an actor is the viewer. Two tokens of one person are one; the service counts the same way. */
export function useIsViewer(): (actor: { readonly person: string | null; readonly subject: string | null }) => boolean {
  const { person, subject } = useSession();
  return (actor) => (person === null ? actor.person === null && actor.subject === subject : actor.person === person);
}

type Viewer = Pick<Session, "name" | "role" | "person" | "subject" | "restricted">;

/** Asks for a token, and shows `children` once the service accepts it. */
export function SessionProvider({ children }: { children: ReactNode }) {
  const { credentials, completing, notice, signIn, signOut, setNotice } = useCredentials();
  const token = credentials?.token ?? null;
  const [viewer, setViewer] = useState<Viewer | null>(null);
  const connection = useMemo(() => (token === null ? null : connect(token, signOut)), [token, signOut]);

  useEffect(() => {
    if (connection === null) {
      setViewer(null);
      return;
    }
    let current = true;
    let retry: ReturnType<typeof setTimeout> | undefined;
    const load = async () => {
      try {
        const { viewer } = await query(connection.client, SessionDocument, {});
        if (!current) return;
        const { name, role, person, subject, pipelines } = viewer;
        setViewer({ name, role, person, subject, restricted: pipelines !== null });
        setNotice(null);
      } catch (error) {
        if (!current || !(error instanceof OperationFailed) || error.code === "UNAUTHENTICATED") return;
        // A token that has no role here.
        if (error.code === "FORBIDDEN") return signOut(error.message);
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
  }, [connection, signOut, setNotice]);

  const session = useMemo<Session | null>(() => {
    if (connection === null || viewer === null) return null;
    return { ...viewer, connection, signOut: () => signOut(null) };
  }, [connection, viewer, signOut]);

  if (session !== null && !completing) return <SessionContext value={session}>{children}</SessionContext>;
  return <SignIn notice={notice} busy={token !== null || completing} onToken={signIn} />;
}
