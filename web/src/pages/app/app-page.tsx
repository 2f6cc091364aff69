import { useEffect, useState } from "react";
import { Link, useParams } from "react-router";
import { ActionsProvider, useActions } from "../../acting/actions";
import { useLive } from "../../api/use-live";
import { AppPageDocument, type AppPageQuery } from "../../gql/graphql";
import { AutomationHoldNote } from "../../rollouts/automation-hold";
import { useIsStale } from "../../shell/live-badge";
import { Button } from "../../ui/controls/button";
import { useSearch } from "../../ui/controls/use-search";
import { Icon } from "../../ui/icons/icons";
import { Message, NotFound } from "../../ui/message";
import page from "../../ui/page.module.css";
import { count, NEXT_STAGE, STAGE_NAMES } from "../../ui/text/format";
import styles from "./app-page.module.css";
import { ReleaseComparison } from "./release-comparison";
import { ReleaseTable } from "./release-table";

export type PageApp = NonNullable<AppPageQuery["app"]>;
export type PageRelease = PageApp["releases"]["nodes"][number];

const STEP = 30;
/** The most that the service returns in a page. */
const MAX_SHOWN = 100;

/** `/apps/NAME`: its releases, with rollback and the difference between any two. */
export default function AppPage() {
  const { app: name = "" } = useParams();
  const [size, setSize] = useState(STEP);
  const { data, error, revision } = useLive(AppPageDocument, { app: name, size }, { app: name });
  const stale = useIsStale() || error !== null;
  const [search, changeSearch] = useSearch();
  const app = data?.app ?? null;

  useEffect(() => {
    document.title = `${name} · Railyard`;
  }, [name]);

  if (app === null) {
    if (data !== null || error?.code === "NOT_FOUND") return <NotFound what="app" />;
    return <Message title={error?.message ?? "Loading …"} />;
  }
  const { nodes, totalCount, pageInfo } = app.releases;
  const compared = search.getAll("compare").map(Number);
  const find = (version: number | undefined) => nodes.find((release) => release.version === version);
  const [first, second] = [...compared].sort((a, b) => a - b);
  const [from, to] = [find(first), find(second)];
  const toggle = (version: number) => {
    const next = compared.includes(version)
      ? compared.filter((one) => one !== version)
      : [...compared.slice(-1), version];
    changeSearch(new URLSearchParams(next.map((one) => ["compare", String(one)])));
  };
  return (
    <ActionsProvider revision={revision}>
      <Header app={app} />
      {app.coupling?.automationHeld != null && (
        <div className={styles.hold}>
          <AutomationHoldNote coupling={app.coupling} app={app.name} />
        </div>
      )}
      {from !== undefined && to !== undefined && <ReleaseComparison from={from} to={to} />}
      <section className={page.panel} data-stale={stale || undefined} aria-labelledby="releases">
        <h2 id="releases">
          Releases <span className={page.muted}>{totalCount.toLocaleString("en")}</span>
        </h2>
        {nodes.length === 0 ? (
          <Message title="No release yet" />
        ) : (
          <ReleaseTable app={app} compared={compared} onCompare={toggle} />
        )}
        {pageInfo.hasNextPage && (
          <div className={page.more}>
            {size < MAX_SHOWN ? (
              <Button kind="plain" onClick={() => setSize(Math.min(size + STEP, MAX_SHOWN))}>
                Older releases
              </Button>
            ) : (
              <span className={page.muted}>
                The newest {count(nodes.length, "release")}. <code>railyard releases {app.name}</code> lists all.
              </span>
            )}
          </div>
        )}
      </section>
    </ActionsProvider>
  );
}

function Header({ app }: { readonly app: PageApp }) {
  const { coupling, region, description, deploymentMode, currentRelease, deletedAt } = app;
  const actions = useActions();
  const next = coupling === null ? null : NEXT_STAGE[coupling.stage];
  return (
    <div className={page.header}>
      <div>
        <h1>{app.name}</h1>
        <p className={page.facts}>
          {coupling !== null && (
            <span>
              <Link to={`/pipelines/${coupling.pipeline.name}`}>{coupling.pipeline.name}</Link> ·{" "}
              {STAGE_NAMES[coupling.stage]}
            </span>
          )}
          {region !== null && <span>{region}</span>}
          {deploymentMode === "REPORTED" && <span>Deployments are reported</span>}
          {coupling?.autoDeploy && <span>Deploys automatically</span>}
          {deletedAt !== null && <span>Deleted</span>}
          {description !== "" && <span>{description}</span>}
        </p>
      </div>
      {actions !== null && currentRelease !== null && deletedAt === null && (
        <div className={page.tools}>
          <Button kind="plain" onClick={() => actions.rollback(app)}>
            <Icon name="undo" size={14} /> Roll back
          </Button>
          {next !== null && (
            <Button kind="primary" onClick={() => actions.promote({ app: app.id })}>
              Promote to {STAGE_NAMES[next].toLowerCase()} <Icon name="arrow" size={14} />
            </Button>
          )}
        </div>
      )}
    </div>
  );
}
