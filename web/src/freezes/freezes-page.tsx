import { useEffect, useState } from "react";
import { useNow } from "../api/clock";
import { useLive } from "../api/use-live";
import { type FreezeRowFragment, FreezesDocument } from "../gql/graphql";
import { useHasRole, useSession } from "../session/session";
import { useIsStale } from "../shell/live-badge";
import { Button } from "../ui/button";
import { formatMoment } from "../ui/format";
import { Icon } from "../ui/icons";
import { Message } from "../ui/message";
import page from "../ui/page.module.css";
import { Calendar } from "./calendar";
import { LiftFreezeDialog, StartFreezeDialog } from "./freeze-dialogs";
import styles from "./freezes.module.css";
import { describeScope } from "./scope";

/** `/freezes`: what holds deployments back by time, over the next 14 days. */
export default function FreezesPage() {
  const { data, error } = useLive(FreezesDocument, {});
  const stale = useIsStale() || error !== null;
  const mayFreeze = useHasRole("OPERATOR");
  const now = useNow();
  const [starting, setStarting] = useState(false);
  const [lifting, setLifting] = useState<FreezeRowFragment | null>(null);

  useEffect(() => {
    document.title = "Freezes · Railyard";
  }, []);

  if (data === null) return <Message title={error?.message ?? "Loading …"} />;
  const freezes = data.freezes.nodes;
  const isOver = ({ liftedAt, endsAt }: FreezeRowFragment) =>
    liftedAt !== null || (endsAt !== null && Date.parse(endsAt) <= now);
  const current = freezes.filter((freeze) => !isOver(freeze));
  const past = freezes.filter(isOver);
  return (
    <div className={stale ? page.stale : undefined}>
      <div className={page.header}>
        <div>
          <h1>Freezes</h1>
          <p className={page.facts}>
            {current.some(({ active }) => active) ? "Deployments are held back." : "Nothing is frozen."}
          </p>
        </div>
        {mayFreeze && (
          <Button kind="primary" onClick={() => setStarting(true)}>
            <Icon name="snow" size={14} /> Start a freeze
          </Button>
        )}
      </div>
      {current.length > 0 && (
        <ul className={styles.current}>
          {current.map((freeze) => (
            <CurrentFreeze key={freeze.id} freeze={freeze} onLift={setLifting} />
          ))}
        </ul>
      )}
      <Calendar freezes={current} windows={data.deploymentWindows.nodes} />
      {past.length > 0 && <PastFreezes freezes={past} />}
      {starting && <StartFreezeDialog onClose={() => setStarting(false)} />}
      {lifting !== null && <LiftFreezeDialog freeze={lifting} onClose={() => setLifting(null)} />}
    </div>
  );
}

interface CurrentFreezeProps {
  readonly freeze: FreezeRowFragment;
  onLift(freeze: FreezeRowFragment): void;
}

function CurrentFreeze({ freeze, onLift }: CurrentFreezeProps) {
  const { reason, incidentUrl, scope, startsAt, endsAt, hard, active, startedBy, exemptions } = freeze;
  const { name } = useSession();
  const isAdmin = useHasRole("ADMIN");
  const mayLift = useHasRole("OPERATOR") && (isAdmin || startedBy.name === name);
  const now = useNow();
  return (
    <li className={styles.freeze} data-active={active || undefined}>
      <Icon name="snow" size={18} />
      <div>
        <h2>{reason}</h2>
        <p className={styles.about}>
          {describeScope(scope)} · {active ? "" : `begins ${formatMoment(startsAt, now)}, `}
          {endsAt === null ? "until it is lifted" : `until ${formatMoment(endsAt, now).replace(/^(at|on) /, "")}`} · by{" "}
          {startedBy.name}
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
        {exemptions.map((exemption) => (
          <p key={exemption.id} className={styles.about}>
            Exempt: {exemption.app?.name ?? exemption.build?.commit.sha.slice(0, 7) ?? "something deleted"},{" "}
            {exemption.reason}
          </p>
        ))}
      </div>
      {mayLift && (
        <Button kind="plain" onClick={() => onLift(freeze)}>
          Lift<span className="visually-hidden"> the freeze: {reason}</span>
        </Button>
      )}
    </li>
  );
}

function PastFreezes({ freezes }: { readonly freezes: readonly FreezeRowFragment[] }) {
  return (
    <section className={page.panel} aria-labelledby="past">
      <h2 id="past">Past freezes</h2>
      <div className={page.scroll}>
        <table className={page.table}>
          <thead>
            <tr>
              <th scope="col">Reason</th>
              <th scope="col">What</th>
              <th scope="col">From</th>
              <th scope="col">Until</th>
              <th scope="col">By</th>
            </tr>
          </thead>
          <tbody>
            {freezes.map(({ id, reason, scope, startsAt, endsAt, liftedAt, liftReason, liftedBy, startedBy }) => (
              <tr key={id}>
                <td>{reason}</td>
                <td>{describeScope(scope)}</td>
                <td className={page.nowrap}>{new Date(startsAt).toLocaleString()}</td>
                <td>
                  {new Date(liftedAt ?? endsAt ?? startsAt).toLocaleString()}
                  {liftedBy !== null && (
                    <p className={page.muted}>
                      lifted by {liftedBy.name}: {liftReason}
                    </p>
                  )}
                </td>
                <td>{startedBy.name}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
