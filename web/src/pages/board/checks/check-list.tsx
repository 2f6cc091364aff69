import { StateIcon } from "../../../ui/icons/icons";
import type { BoardRelease } from "../model";
import styles from "./check-list.module.css";
import { type Check, checkIcon, checkWord, listChecks } from "./checks";

/** Up to this many checks are shown by name. With more, those that passed are only counted. */
const NAMED = 3;

interface CheckListProps {
  readonly release: BoardRelease;
  readonly required: ReadonlySet<string>;
}

/** The checks of a release: those that did not pass by name, with an icon and a word for each state. */
export function CheckList({ release, required }: CheckListProps) {
  const checks = listChecks(release, required);
  if (checks.length === 0) return null;
  const all = checks.length <= NAMED;
  const named = all ? checks : checks.filter(({ state }) => state !== "SUCCESS");
  const passed = all ? [] : checks.filter(({ state }) => state === "SUCCESS");
  return (
    <ul className={styles.checks} aria-label="Checks">
      {named.slice(0, NAMED).map((check) => (
        <li key={check.context} title={describe(check)} data-state={checkIcon(check.state)}>
          <StateIcon state={checkIcon(check.state)} size={12} />
          {check.context}{" "}
          {check.state === "SUCCESS" ? (
            <span className="visually-hidden">passed</span>
          ) : (
            <i>{checkWord(check.state)}</i>
          )}
        </li>
      ))}
      {named.length > NAMED && <li title={named.slice(NAMED).map(describe).join("\n")}>{named.length - NAMED} more</li>}
      {passed.length > 0 && (
        <li title={passed.map(describe).join("\n")} data-state="good">
          <StateIcon state="good" size={12} />
          {passed.length} passed
        </li>
      )}
    </ul>
  );
}

function describe({ context, state, required, description }: Check): string {
  const parts = [context, checkWord(state), required ? "(required)" : "", description ?? ""];
  return parts.filter((part) => part !== "").join(" ");
}
