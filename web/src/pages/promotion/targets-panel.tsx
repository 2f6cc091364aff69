import { Link } from "react-router";
import { StateIcon } from "../../ui/icons/icons";
import page from "../../ui/page.module.css";
import { Age } from "../../ui/text/age";
import { Phase } from "../../ui/text/phase";
import { checkIcon, checkWord } from "../board/checks/checks";
import type { PagePromotion, PageTarget } from "./promotion-page";
import { WaveState } from "./wave-state";

/** The targets of a promotion, and what was evaluated for each; by waves, if there is more than one. */
export function TargetsPanel({ promotion }: { readonly promotion: PagePromotion }) {
  const { targets, waves } = promotion;
  if (waves.length > 1) {
    return waves.map((wave) => {
      const ids = new Set(wave.targets.map(({ id }) => id));
      const mine = targets.filter(({ id }) => ids.has(id));
      const heading = `wave-${wave.number}`;
      return (
        <section key={wave.number} className={page.panel} aria-labelledby={heading}>
          <h2 id={heading}>
            Wave {wave.number}{" "}
            <small>
              <Phase phase={wave.phase} />
            </small>
          </h2>
          <WaveState promotion={promotion} wave={wave} />
          <TargetTable targets={mine} />
        </section>
      );
    });
  }
  return (
    <section className={page.panel} aria-labelledby="targets">
      <h2 id="targets">Targets</h2>
      <TargetTable targets={targets} />
    </section>
  );
}

function TargetTable({ targets }: { readonly targets: readonly PageTarget[] }) {
  return (
    <div className={page.scroll}>
      <table className={`${page.table} ${page.stacked} ${page.aligned}`}>
        <thead>
          <tr>
            <th scope="col">App</th>
            <th scope="col">Phase</th>
            <th scope="col">Release</th>
            <th scope="col">Checks at the time</th>
            <th scope="col" className={page.end}>
              Changed
            </th>
          </tr>
        </thead>
        <tbody>
          {targets.map((target) => (
            <TargetRow key={target.id} target={target} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function TargetRow({ target: { app, phase, failureReason, release, checks } }: { readonly target: PageTarget }) {
  return (
    <tr>
      <td data-full="">
        {app === null ? "a deleted app" : <Link to={`/apps/${app.name}`}>{app.name}</Link>}{" "}
        {app?.region != null && <span className={page.muted}>{app.region}</span>}
      </td>
      <td>
        <Phase phase={phase} />
        {failureReason !== null && <p className={page.reason}>{failureReason}</p>}
      </td>
      <td className={page.number}>{release === null ? "" : `v${release.version}`}</td>
      <td data-full="">
        <ul className={page.phases}>
          {checks.map(({ context, state }) => (
            <li key={context} className={page.phase}>
              <StateIcon state={checkIcon(state)} size={13} />
              {context} <span className={page.muted}>{checkWord(state)}</span>
            </li>
          ))}
        </ul>
      </td>
      <td className={page.end}>{release !== null && <Age time={release.updatedAt} />}</td>
    </tr>
  );
}
