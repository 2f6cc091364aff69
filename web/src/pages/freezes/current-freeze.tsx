import { useNow } from "../../api/clock";
import type { FreezeRowFragment } from "../../gql/graphql";
import { useHasRole, useIsViewer } from "../../session/session";
import { Button } from "../../ui/controls/button";
import { Icon } from "../../ui/icons/icons";
import { formatDuration, formatMoment, shortSha } from "../../ui/text/format";
import { ExemptDialog, ExtendFreezeDialog, LiftFreezeDialog } from "./freeze-dialogs";
import styles from "./freezes.module.css";
import { describeScope } from "./scope";

export interface FreezeChange {
  readonly kind: "lift" | "extend" | "exempt";
  readonly freeze: FreezeRowFragment;
}

interface CurrentFreezeProps {
  readonly freeze: FreezeRowFragment;
  onChange(change: FreezeChange): void;
}

/** A freeze that is in force or planned, and the buttons of those who may change it. */
export function CurrentFreeze({ freeze, onChange }: CurrentFreezeProps) {
  const { reason, incidentUrl, scope, startsAt, endsAt, hard, active, startedBy, exemptions } = freeze;
  const mayExtend = useHasRole("OPERATOR");
  const mayLift = useMayLift(freeze);
  const mayExempt = useHasRole("ADMIN");
  const now = useNow();
  const rest = endsAt === null ? 0 : Date.parse(endsAt) - now;
  const label = <span className="visually-hidden"> the freeze: {reason}</span>;
  return (
    <li id={freeze.id} tabIndex={-1} className={styles.freeze} data-active={active || undefined}>
      <Icon name="snow" size={18} />
      <div>
        <h2>{reason}</h2>
        <p className={styles.about}>
          {describeScope(scope)} · {active ? "" : `begins ${formatMoment(startsAt, now)}, `}
          {endsAt === null ? "until it is lifted" : `until ${formatMoment(endsAt, now).replace(/^(at|on) /, "")}`}
          {active && rest > 0 && `, for another ${formatDuration(rest)}`} · by {startedBy.person ?? startedBy.name}
          {hard && " · also force does not pass"}
          {incidentUrl !== null && /^https?:/.test(incidentUrl) && (
            <>
              {" · "}
              <a href={incidentUrl} rel="noreferrer">
                incident
              </a>
            </>
          )}
        </p>
        {exemptions
          .filter(({ expiresAt }) => Date.parse(expiresAt) > now)
          .map(({ id, app, build, by, reason, expiresAt }) => (
            <p key={id} className={styles.exemption}>
              <Icon name="arrow" size={12} />{" "}
              <b>{app?.name ?? (build === null ? "something deleted" : shortSha(build.commit.sha))}</b> is let through
              by {by.name} {formatMoment(expiresAt, now).replace(/^(at|on) /, "until ")}: {reason}
            </p>
          ))}
      </div>
      <div className={styles.buttons}>
        {mayExempt && (
          <Button kind="plain" onClick={() => onChange({ kind: "exempt", freeze })}>
            Exempt<span className="visually-hidden"> from the freeze: {reason}</span>
          </Button>
        )}
        {mayExtend && (
          <Button kind="plain" onClick={() => onChange({ kind: "extend", freeze })}>
            Extend{label}
          </Button>
        )}
        {mayLift && (
          <Button kind="plain" onClick={() => onChange({ kind: "lift", freeze })}>
            Lift{label}
          </Button>
        )}
      </div>
    </li>
  );
}

interface FreezeChangeDialogProps {
  readonly change: FreezeChange;
  onClose(): void;
}

export function FreezeChangeDialog({ change: { kind, freeze }, onClose }: FreezeChangeDialogProps) {
  const mayShorten = useMayLift(freeze);
  if (kind === "lift") return <LiftFreezeDialog freeze={freeze} onClose={onClose} />;
  if (kind === "exempt") return <ExemptDialog freeze={freeze} onClose={onClose} />;
  return <ExtendFreezeDialog freeze={freeze} mayShorten={mayShorten} onClose={onClose} />;
}

/** Operators lift their own freezes, administrators all. */
function useMayLift({ startedBy }: FreezeRowFragment): boolean {
  const isAdmin = useHasRole("ADMIN");
  const isViewer = useIsViewer();
  return useHasRole("OPERATOR") && (isAdmin || isViewer(startedBy));
}
