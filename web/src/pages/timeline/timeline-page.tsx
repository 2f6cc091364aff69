import { useEffect } from "react";
import { useParams } from "react-router";
import { useLive } from "../../api/use-live";
import { type EventType, PipelineNameDocument } from "../../gql/graphql";
import { useSearch } from "../../ui/controls/use-search";
import { Message, NotFound } from "../../ui/message";
import page from "../../ui/page.module.css";
import { EventList } from "./event-list";
import styles from "./event-list.module.css";
import { PipelineTabs } from "./pipeline-tabs";

const GROUPS: Readonly<Record<string, { readonly name: string; readonly types: readonly EventType[] }>> = {
  releases: {
    name: "Releases",
    types: ["RELEASE_CREATED", "RELEASE_PHASE_CHANGED", "RELEASE_CANCEL_REQUESTED", "AUTOMATIC_ROLLBACK"],
  },
  promotions: {
    name: "Promotions",
    types: [
      ...(["PROMOTION_WAITING", "PROMOTION_STARTED", "PROMOTION_FORCED", "PROMOTION_REVIEWED"] as const),
      ...(["PROMOTION_TARGET_CHANGED", "PROMOTION_FINISHED", "PROMOTION_WAVE_STARTED", "PROMOTION_ADVANCED"] as const),
      ...(["PROMOTION_PAUSED", "PROMOTION_RESUMED", "ROLLOUT_STOPPED"] as const),
    ],
  },
  approvals: {
    name: "Approvals",
    types: [
      ...(["APPROVAL_GIVEN", "APPROVAL_REJECTED", "APPROVAL_VOIDED"] as const),
      ...(["APPROVAL_RULE_CREATED", "APPROVAL_RULE_UPDATED", "APPROVAL_RULE_DELETED"] as const),
    ],
  },
  checks: { name: "Checks", types: ["RELEASE_STATUS_REPORTED", "RELEASE_VERIFIED", "VERIFICATION_FAILED"] },
  automation: {
    name: "Holds and quarantines",
    types: ["AUTOMATION_HELD", "AUTOMATION_RESUMED", "BUILD_QUARANTINED", "BUILD_RELEASED"],
  },
  gates: {
    name: "Freezes and windows",
    types: [
      ...(["FREEZE_STARTED", "FREEZE_EXTENDED", "FREEZE_ENDED", "FREEZE_EXEMPTED"] as const),
      ...(["WINDOW_CREATED", "WINDOW_UPDATED", "WINDOW_DELETED", "GATE_OPENED", "GATE_CLOSED"] as const),
    ],
  },
};

const STRUCTURE: readonly EventType[] = ["PIPELINE_UPDATED", "COUPLING_ADDED", "COUPLING_REMOVED"];

/** `/pipelines/NAME/timeline`: everything that happened, back to the beginning of the log. */
export default function TimelinePage() {
  const { pipeline: name = "" } = useParams();
  const { data, error } = useLive(PipelineNameDocument, { pipeline: name }, { types: STRUCTURE });
  const [search, changeSearch] = useSearch();
  const selected = search.get("show") ?? "";
  const group = GROUPS[selected];

  useEffect(() => {
    document.title = `Timeline of ${name} · Railyard`;
  }, [name]);

  if (data === null) return <Message title={error?.message ?? "Loading …"} />;
  if (data.pipeline === null) return <NotFound what="pipeline" />;
  const change = (name: string, value: string) => {
    const next = new URLSearchParams(search);
    if (value === "") next.delete(name);
    else next.set(name, value);
    changeSearch(next);
  };
  const app = search.get("app") ?? "";
  const apps = data.pipeline.couplings.map((coupling) => coupling.app.name).sort();
  return (
    <>
      <div className={page.header}>
        <div>
          <h1>{data.pipeline.name}</h1>
          <PipelineTabs pipeline={data.pipeline.name} />
        </div>
        <div className={styles.filters}>
          <fieldset className={styles.filter}>
            <legend className="visually-hidden">Show</legend>
            {[["", "All"] as const, ...Object.entries(GROUPS).map(([key, { name }]) => [key, name] as const)].map(
              ([key, name]) => (
                <button key={key} type="button" aria-pressed={selected === key} onClick={() => change("show", key)}>
                  {name}
                </button>
              ),
            )}
          </fieldset>
          {apps.length > 0 && (
            <label className={styles.app}>
              <span className="visually-hidden">App</span>
              <select value={app} onChange={(event) => change("app", event.target.value)}>
                <option value="">All apps</option>
                {/* An app that left the pipeline can still be in a URL. */}
                {[...new Set(app === "" ? apps : [...apps, app])].map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            </label>
          )}
        </div>
      </div>
      <EventList
        filter={{ pipeline: data.pipeline.id, ...(app !== "" && { app }), ...(group && { types: group.types }) }}
      />
    </>
  );
}
