import { Link } from "react-router";
import { useNow } from "../../api/clock";
import type { BoardQuery } from "../../gql/graphql";
import { Icon } from "../../ui/icons/icons";
import { formatDuration, formatMoment, readable, STAGE_NAMES } from "../../ui/text/format";
import styles from "./freezes.module.css";

type BoardStage = NonNullable<BoardQuery["pipeline"]>["stages"][number];
type GateBlocker = BoardStage["gate"]["blockers"][number];

interface Group {
  readonly text: string;
  readonly stages: Set<string>;
  readonly opensAt: string | null;
}

/** Above the board while a freeze or a window holds deployments back. */
export function GateBanner({ stages }: { readonly stages: readonly BoardStage[] }) {
  const now = useNow();
  const groups = new Map<string, Group>();
  for (const { stage, gate } of stages) {
    for (const blocker of gate.open ? [] : gate.blockers) {
      // One line for a freeze, however many apps it holds back.
      const key = blocker.cause?.id ?? blocker.message;
      const group = groups.get(key) ?? { text: describe(blocker), stages: new Set(), opensAt: gate.nextOpensAt };
      group.stages.add(STAGE_NAMES[stage]);
      groups.set(key, group);
    }
  }
  return [...groups].map(([key, { text, stages: names, opensAt }]) => (
    <p key={key} className={styles.banner}>
      <Icon name="snow" size={15} />
      <b>{[...names].join(", ")}</b> {text}
      {opensAt !== null && Date.parse(opensAt) > now && (
        <span className={styles.about}>
          Opens {formatMoment(opensAt, now)}, in {formatDuration(Date.parse(opensAt) - now)}
        </span>
      )}
      <Link to="/freezes">Freezes</Link>
    </p>
  ));
}

function describe({ cause, message }: GateBlocker): string {
  if (cause?.__typename === "Freeze")
    return `is frozen${cause.endsAt === null ? " until it is lifted" : ""}: ${cause.reason}`;
  if (cause?.__typename === "DeploymentWindow") {
    return `is closed by the window ${cause.name}${cause.windowMessage === null ? "" : `: ${cause.windowMessage}`}`;
  }
  return readable(message);
}
