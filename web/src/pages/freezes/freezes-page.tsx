import { useEffect, useState } from "react";
import { useNow } from "../../api/clock";
import { useLive } from "../../api/use-live";
import { type EventType, type FreezeRowFragment, FreezesDocument, type WindowRowFragment } from "../../gql/graphql";
import { useHasRole } from "../../session/session";
import { useIsStale } from "../../shell/live-badge";
import { Button } from "../../ui/controls/button";
import { Icon } from "../../ui/icons/icons";
import { Message } from "../../ui/message";
import page from "../../ui/page.module.css";
import { formatTime } from "../../ui/text/format";
import { Calendar } from "./calendar";
import { CurrentFreeze, type FreezeChange, FreezeChangeDialog } from "./current-freeze";
import styles from "./freezes.module.css";
import { describeScope } from "./scope";
import StartFreezeDialog from "./start-freeze-dialog";
import { DeleteWindowDialog } from "./windows/delete-window-dialog";
import { WindowDetails } from "./windows/window-details";
import { WindowDialog } from "./windows/window-dialog";

const TYPES: readonly EventType[] = [
  ...(["FREEZE_STARTED", "FREEZE_EXTENDED", "FREEZE_ENDED", "FREEZE_EXEMPTED"] as const),
  ...(["WINDOW_CREATED", "WINDOW_UPDATED", "WINDOW_DELETED", "GATE_OPENED", "GATE_CLOSED"] as const),
];

/** What is done with a window: null for a new one. */
interface OpenWindow {
  readonly window: WindowRowFragment | null;
  readonly deleting?: boolean;
}

/** `/freezes`: what holds deployments back by time, over the next 14 days. */
export default function FreezesPage() {
  const { data, error } = useLive(FreezesDocument, {}, { types: TYPES });
  const stale = useIsStale() || error !== null;
  const mayFreeze = useHasRole("OPERATOR");
  const now = useNow();
  const [starting, setStarting] = useState(false);
  const [open, setOpen] = useState<OpenWindow | null>(null);
  const [changing, setChanging] = useState<FreezeChange | null>(null);

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
          <div className={page.tools}>
            <Button kind="plain" onClick={() => setOpen({ window: null })}>
              Create a window
            </Button>
            <Button kind="primary" onClick={() => setStarting(true)}>
              <Icon name="snow" size={14} /> Start a freeze
            </Button>
          </div>
        )}
      </div>
      {current.length > 0 && (
        <ul className={styles.current}>
          {current.map((freeze) => (
            <CurrentFreeze key={freeze.id} freeze={freeze} onChange={setChanging} />
          ))}
        </ul>
      )}
      <Calendar freezes={current} windows={data.deploymentWindows.nodes} onSelect={(window) => setOpen({ window })} />
      {past.length > 0 && <PastFreezes freezes={past} />}
      {open !== null && <WindowDialogs open={open} onOpen={setOpen} />}
      {starting && <StartFreezeDialog onClose={() => setStarting(false)} />}
      {changing !== null && <FreezeChangeDialog change={changing} onClose={() => setChanging(null)} />}
    </div>
  );
}

interface WindowDialogsProps {
  readonly open: OpenWindow;
  onOpen(open: OpenWindow | null): void;
}

function WindowDialogs({ open: { window, deleting }, onOpen }: WindowDialogsProps) {
  const mayChange = useHasRole("OPERATOR");
  const close = () => onOpen(null);
  if (window !== null && !mayChange) return <WindowDetails window={window} onClose={close} />;
  if (window !== null && deleting) return <DeleteWindowDialog window={window} onClose={close} />;
  return <WindowDialog window={window} onDelete={() => onOpen({ window, deleting: true })} onClose={close} />;
}

function PastFreezes({ freezes }: { readonly freezes: readonly FreezeRowFragment[] }) {
  return (
    <section className={page.panel} aria-labelledby="past">
      <h2 id="past">Past freezes</h2>
      <div className={page.scroll}>
        <table className={`${page.table} ${page.stacked}`}>
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
                <td data-full="">
                  <b>{reason}</b>
                </td>
                <td>{describeScope(scope)}</td>
                <td className={page.nowrap} data-label="From">
                  {formatTime(startsAt)}
                </td>
                <td data-label="Until">
                  {formatTime(liftedAt ?? endsAt ?? startsAt)}
                  {liftedBy !== null && (
                    <p className={page.muted}>
                      lifted by {liftedBy.name}: {liftReason}
                    </p>
                  )}
                </td>
                <td data-label="By">{startedBy.name}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
