import type { ReactNode } from "react";
import { StateIcon } from "../../ui/icons/icons";
import page from "../../ui/page.module.css";
import { Commit } from "../../ui/text/commit";
import { Phase } from "../../ui/text/phase";
import { checkIcon, checkWord } from "../board/checks/checks";
import type { PageRelease } from "./app-page";
import styles from "./app-page.module.css";

interface Line {
  readonly name: string;
  /** What is compared. */
  readonly value: (release: PageRelease) => string;
  readonly show?: (release: PageRelease) => ReactNode;
}

const LINES: readonly Line[] = [
  {
    name: "Commit",
    value: ({ build }) => build.commit.sha,
    show: ({ build }) => <Commit commit={build.commit} />,
  },
  { name: "Author", value: ({ build }) => build.commit.author ?? "" },
  {
    name: "Artifact",
    value: ({ build }) => build.artifact ?? "",
    show: ({ build }) => <code>{build.artifact ?? "none"}</code>,
  },
  { name: "Branch", value: ({ build }) => build.branch ?? "" },
  { name: "Phase", value: ({ phase }) => phase, show: ({ phase }) => <Phase phase={phase} /> },
  { name: "By", value: ({ createdBy }) => createdBy.name },
];

/** The difference between two releases, side by side. What differs is marked. */
export function ReleaseComparison({ from, to }: { readonly from: PageRelease; readonly to: PageRelease }) {
  const contexts = [...new Set([from, to].flatMap(({ statuses }) => statuses.map(({ context }) => context)))].sort();
  const checks: Line[] = contexts.map((context) => {
    const findState = (release: PageRelease) => release.statuses.find((one) => one.context === context)?.state ?? null;
    return {
      name: context,
      value: (release) => findState(release) ?? "",
      show: (release) => (
        <span className={page.phase}>
          <StateIcon state={checkIcon(findState(release))} size={13} /> {checkWord(findState(release))}
        </span>
      ),
    };
  });
  return (
    <section className={page.panel} aria-labelledby="comparison">
      <h2 id="comparison">
        v{from.version} and v{to.version}
      </h2>
      <div className={page.scroll}>
        <table className={`${page.table} ${styles.comparison}`}>
          <thead>
            <tr>
              <th scope="col">
                <span className="visually-hidden">What</span>
              </th>
              <th scope="col">v{from.version}</th>
              <th scope="col">v{to.version}</th>
            </tr>
          </thead>
          <tbody>
            {[...LINES, ...checks].map(({ name, value, show = value }) => {
              const isSame = value(from) === value(to);
              return (
                <tr key={name} data-same={isSame}>
                  <th scope="row">{name}</th>
                  <td className={isSame ? styles.same : undefined}>{show(from)}</td>
                  <td className={isSame ? styles.same : styles.changed}>{isSame ? "the same" : show(to)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
