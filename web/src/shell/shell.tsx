import type { ReactNode } from "react";
import { Link, NavLink, useHref, useLocation } from "react-router";
import { useWaiting, WaitingProvider } from "../pages/approvals/use-waiting";
import { useHasRole, useSession } from "../session/session";
import { ErrorBoundary } from "../ui/error-boundary";
import { Mark } from "../ui/icons/icons";
import { LiveBadge, LiveBanner } from "./live-badge";
import styles from "./shell.module.css";

/** What surrounds every page: navigation, whether the data is live, and who is signed in. */
export function Shell({ children }: { readonly children: ReactNode }) {
  return (
    <WaitingProvider>
      <Frame>{children}</Frame>
    </WaitingProvider>
  );
}

/** With the number of promotions that wait for the viewer's vote. */
function ApprovalsLink() {
  const { mine, moreMine } = useWaiting();
  return (
    <NavLink to="/approvals">
      Approvals
      {mine > 0 && (
        <span className={styles.badge}>
          {mine}
          {moreMine && "+"}
          <span className="visually-hidden"> wait for your vote</span>
        </span>
      )}
    </NavLink>
  );
}

function Frame({ children }: { readonly children: ReactNode }) {
  const { name, role, restricted, signOut } = useSession();
  // Tokens restricted to pipelines may not administer others.
  const isAdmin = useHasRole("ADMIN") && !restricted;
  const { pathname, search } = useLocation();
  // A fragment alone would be resolved against the `base` of the document, and lead to another page.
  const content = useHref({ pathname, search, hash: "#content" });
  return (
    <>
      <a className={styles.skip} href={content}>
        Skip to content
      </a>
      <header className={styles.bar}>
        <Link to="/" className={styles.home} aria-label="Railyard">
          <Mark />
          <span>Railyard</span>
        </Link>
        <nav aria-label="Main" className={styles.nav}>
          <NavLink to="/" end>
            Pipelines
          </NavLink>
          <ApprovalsLink />
          <NavLink to="/freezes">Freezes</NavLink>
          {isAdmin && <NavLink to="/tokens">Tokens</NavLink>}
          {isAdmin && <NavLink to="/audit">Audit</NavLink>}
        </nav>
        <div className={styles.side}>
          <LiveBadge />
          <span className={styles.viewer} title={`Role ${role}`}>
            {name}
          </span>
          <button type="button" className={styles.signOut} onClick={signOut}>
            Sign out
          </button>
        </div>
      </header>
      <LiveBanner />
      <main id="content" className={styles.main} tabIndex={-1}>
        <ErrorBoundary path={pathname}>{children}</ErrorBoundary>
      </main>
    </>
  );
}
