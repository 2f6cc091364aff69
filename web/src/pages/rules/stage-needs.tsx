import { Link } from "react-router";
import page from "../../ui/page.module.css";
import { STAGE_NAMES } from "../../ui/text/format";
import type { PipelineRules } from "./rules-page";

/** What promotions into each stage need besides approvals: time on the stage before, and checks. */
export function StageNeeds({ stages }: Pick<PipelineRules, "stages">) {
  const targets = stages.filter(({ stage }) => stage === "STAGING" || stage === "PRODUCTION");
  return (
    <section className={page.panel} aria-labelledby="needs">
      <h2 id="needs">Time and checks</h2>
      <div className={page.scroll}>
        <table className={`${page.table} ${page.stacked}`}>
          <thead>
            <tr>
              <th scope="col">Into</th>
              <th scope="col">App</th>
              <th scope="col">Time on the stage before</th>
              <th scope="col">Required checks</th>
            </tr>
          </thead>
          <tbody>
            {targets.flatMap(({ stage, policy, couplings }) =>
              couplings.map(({ id, app, requiredChecks }) => (
                <tr key={id}>
                  <td data-label="Into">{STAGE_NAMES[stage].toLowerCase()}</td>
                  <td>
                    <Link to={`/apps/${app.name}`}>{app.name}</Link>
                  </td>
                  <td data-full="" data-label="Time on the stage before">
                    {policy.soakTime ?? <span className={page.muted}>none</span>}
                  </td>
                  <td data-full="" data-label="Required checks">
                    {requiredChecks.join(", ") || <span className={page.muted}>none</span>}
                  </td>
                </tr>
              )),
            )}
          </tbody>
        </table>
      </div>
    </section>
  );
}
