import { useEffect } from "react";
import { useParams, useSearchParams } from "react-router";
import { useLive } from "../api/use-live";
import { type EventType, PipelineNameDocument } from "../gql/graphql";
import { Message, NotFound } from "../ui/message";
import page from "../ui/page.module.css";
import { EventList } from "./event-list";
import styles from "./event-list.module.css";
import { PipelineTabs } from "./pipeline-tabs";

const GROUPS: Readonly<Record<string, { readonly name: string; readonly types: readonly EventType[] }>> = {
  releases: { name: "Releases", types: ["RELEASE_CREATED", "RELEASE_PHASE_CHANGED"] },
  promotions: {
    name: "Promotions",
    types: ["PROMOTION_STARTED", "PROMOTION_TARGET_CHANGED", "PROMOTION_FINISHED"],
  },
  checks: { name: "Checks", types: ["RELEASE_STATUS_REPORTED"] },
};

/** `/pipelines/NAME/timeline`: everything that happened, back to the beginning of the log. */
export default function TimelinePage() {
  const { pipeline: name = "" } = useParams();
  const { data, error } = useLive(PipelineNameDocument, { pipeline: name }, { types: ["PIPELINE_UPDATED"] });
  const [search, setSearch] = useSearchParams();
  const selected = search.get("show") ?? "";
  const group = GROUPS[selected];

  useEffect(() => {
    document.title = `Timeline of ${name} · Railyard`;
  }, [name]);

  if (data === null) return <Message title={error?.message ?? "Loading …"} />;
  if (data.pipeline === null) return <NotFound what="pipeline" />;
  const show = (key: string) => setSearch(key === "" ? {} : { show: key }, { replace: true });
  return (
    <>
      <div className={page.header}>
        <div>
          <h1>{data.pipeline.name}</h1>
          <PipelineTabs pipeline={data.pipeline.name} />
        </div>
        <fieldset className={styles.filter}>
          <legend className="visually-hidden">Show</legend>
          {[["", "All"] as const, ...Object.entries(GROUPS).map(([key, { name }]) => [key, name] as const)].map(
            ([key, name]) => (
              <button key={key} type="button" aria-pressed={selected === key} onClick={() => show(key)}>
                {name}
              </button>
            ),
          )}
        </fieldset>
      </div>
      <EventList filter={{ pipeline: data.pipeline.id, ...(group && { types: group.types }) }} />
    </>
  );
}
