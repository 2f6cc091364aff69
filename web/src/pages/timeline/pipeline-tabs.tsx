import { NavLink } from "react-router";
import styles from "../../ui/page.module.css";

/** The pages of a pipeline. */
export function PipelineTabs({ pipeline }: { readonly pipeline: string }) {
  return (
    <nav aria-label="Pipeline" className={styles.tabs}>
      <NavLink to={`/pipelines/${pipeline}`} end>
        Board
      </NavLink>
      <NavLink to={`/pipelines/${pipeline}/graph`}>Graph</NavLink>
      <NavLink to={`/pipelines/${pipeline}/timeline`}>Timeline</NavLink>
      <NavLink to={`/pipelines/${pipeline}/rules`}>Rules</NavLink>
    </nav>
  );
}
