import type { WindowRowFragment } from "../../../gql/graphql";
import { Dialog } from "../../../ui/dialogs/dialog";
import page from "../../../ui/page.module.css";
import { describeScope } from "../scope";

interface WindowDetailsProps {
  readonly window: WindowRowFragment;
  onClose(): void;
}

/** A deployment window, for those who may not change it. */
export function WindowDetails({ window, onClose }: WindowDetailsProps) {
  const { name, kind, timeZone, recurrence, startDate, endDate, startTime, endTime, message, problem, scope } = window;
  const lines: readonly (readonly [string, string | null])[] = [
    ["Deployments", kind === "ALLOW" ? "may begin only during the window" : "may not begin during the window"],
    ["Where", describeScope(scope)],
    ["Time", `${startTime} to ${endTime}, ${timeZone}`],
    ["Days", recurrence ?? "every day"],
    ["From", startDate],
    ["Until", endDate],
    ["Message", message],
    ["Problem", problem],
  ];
  return (
    <Dialog title={`Window ${name}`} action={null} cancel="Close" onClose={onClose}>
      <dl className={page.dl}>
        {lines.map(([term, value]) =>
          value === null ? null : (
            <div key={term} className={page.pair}>
              <dt>{term}</dt>
              <dd>{value}</dd>
            </div>
          ),
        )}
      </dl>
    </Dialog>
  );
}
