import type { ReactNode } from "react";
import { Link, NavLink, useLocation } from "react-router";
import { useHasRole, useSession } from "../session/session";
import { ErrorBoundary } from "../ui/error-boundary";
import { Mark } from "../ui/icons";
import { LiveBadge, LiveBanner } from "./live-badge";
import styles from "./shell.module.css";

/** What surrounds every page: navigation, whether the data is live, and who is signed in. */
export function Shell({ children }: { readonly children: ReactNode }) {
  const { name, role, restricted, signOut } = useSession();
  // Tokens restricted to pipelines may not administer others.
  const isAdmin = useHasRole("ADMIN") && !restricted;
  const { pathname } = useLocation();
  return (
    <>
      <a className={styles.skip} href="#content">
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
