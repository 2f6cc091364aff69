import { Link } from "react-router";
import { useActions } from "../../acting/actions";
import { QuarantineNotes } from "../../rollouts/quarantines";
import { VerifiedMark } from "../../rollouts/verification";
import { Button, IconButton } from "../../ui/controls/button";
import page from "../../ui/page.module.css";
import { Age } from "../../ui/text/age";
import { Commit } from "../../ui/text/commit";
import { Phase } from "../../ui/text/phase";
import type { PageApp, PageRelease } from "./app-page";
import styles from "./app-page.module.css";

interface ReleaseTableProps {
  readonly app: PageApp;
  /** The versions that are compared, at most two. */
  readonly compared: readonly number[];
  onCompare(version: number): void;
}

export function ReleaseTable({ app, compared, onCompare }: ReleaseTableProps) {
  const actions = useActions();
  const endQuarantine = (build: PageRelease["build"]) =>
    actions?.endQuarantine != null && (
      <Button kind="plain" onClick={() => actions.endQuarantine?.(build)}>
        End the quarantine
      </Button>
    );
  return (
    <div className={page.scroll}>
      <table className={`${page.table} ${page.stacked}`}>
        <thead>
          <tr>
            <th scope="col">Compare</th>
            <th scope="col">Release</th>
            <th scope="col">Phase</th>
            <th scope="col">Commit</th>
            <th scope="col">By</th>
            <th scope="col" className={page.end}>
              Changed
            </th>
            {actions !== null && (
              <th scope="col">
                <span className="visually-hidden">Actions</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {app.releases.nodes.map((release) => {
            const { id, version, phase, failureReason, build, createdBy, updatedAt } = release;
            const isCurrent = app.currentRelease?.id === id;
            const isQuarantined = build.quarantines.length > 0;
            return (
              <tr key={id} data-current={isCurrent || undefined} className={styles.row}>
                <td>
                  <input
                    type="checkbox"
                    className={styles.compare}
                    aria-label={`Compare v${version}`}
                    checked={compared.includes(version)}
                    onChange={() => onCompare(version)}
                  />
                </td>
                <td className={page.number}>
                  v{version} {isCurrent && <span className={styles.current}>current</span>}
                </td>
                <td>
                  <Phase phase={phase} />
                  {failureReason !== null && <p className={page.reason}>{failureReason}</p>}
                  <Verification release={release} />
                </td>
                <td className={page.wide} data-full="">
                  <Commit commit={build.commit} />
                  <p className={styles.about}>
                    <About release={release} />
                  </p>
                  {isQuarantined && (
                    <div className={styles.quarantine}>
                      <QuarantineNotes quarantines={build.quarantines} tools={endQuarantine(build)} />
                    </div>
                  )}
                </td>
                <td className={page.nowrap} data-label="By">
                  {createdBy.name}
                </td>
                <td className={`${page.end} ${page.nowrap}`}>
                  <Age time={updatedAt} />
                </td>
                {actions !== null && (
                  <td className={`${page.end} ${page.nowrap}`}>
                    {phase === "SUCCEEDED" && !isCurrent && app.deletedAt === null && (
                      <IconButton
                        icon="undo"
                        label={`Roll back to v${version}`}
                        onClick={() => actions.rollback(app, id)}
                      />
                    )}
                    {!isQuarantined && (
                      <IconButton
                        icon="lock"
                        label={`Quarantine the build of v${version}`}
                        onClick={() => actions.quarantine(build, app.coupling?.stage ?? "PRODUCTION")}
                      />
                    )}
                  </td>
                )}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Verification({ release }: { readonly release: PageRelease }) {
  const { verifyBy, verificationProblem } = release;
  if (verificationProblem !== null) return <p className={page.reason}>Verification failed: {verificationProblem}</p>;
  if (verifyBy !== null) return <p className={page.muted}>verifying</p>;
  return <VerifiedMark release={release} />;
}

const TRIGGERS = {
  DEPLOY: "Released",
  AUTO_DEPLOY: "Deployed automatically",
  PROMOTION: "Promoted",
  ROLLBACK: "Rollback",
  CONFIG: "Config changed",
};

function About({ release: { trigger, promotion, forced, reason, description } }: { readonly release: PageRelease }) {
  return (
    <>
      {promotion === null ? (
        description || TRIGGERS[trigger]
      ) : (
        <Link to={`/promotions/${promotion.id}`}>{description || TRIGGERS[trigger]}</Link>
      )}
      {forced && <span className={page.reason}> Forced: {reason}</span>}
    </>
  );
}
