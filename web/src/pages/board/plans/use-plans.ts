import { useEffect, useRef, useState } from "react";
import { query } from "../../../api/operations";
import {
  BoardPlansDocument,
  type Stage,
  type StagePlanFragment,
  type WaitingPromotionFragment,
} from "../../../gql/graphql";
import { useClient } from "../../../session/session";

export type StagePlan = StagePlanFragment;

export interface Plans {
  /** By the stage that is promoted from. */
  readonly stages: ReadonlyMap<Stage, StagePlan>;
  /** The promotions that wait, by the stage that they go to. */
  readonly waiting: ReadonlyMap<Stage, readonly WaitingPromotionFragment[]>;
}

/** While many events arrive, plans are asked for this often, in milliseconds. */
const INTERVAL_MS = 400;
const STAGES: readonly Stage[] = ["DEVELOPMENT", "STAGING", "PRODUCTION"];
const NONE: Plans = { stages: new Map(), waiting: new Map() };

/** What promotions out of the stages would do, and what waits, asked again whenever the board changed. */
export function usePlans(pipeline: string | undefined, revision: number): Plans {
  const client = useClient();
  const [plans, setPlans] = useState<Plans>(NONE);
  const lastAt = useRef(0);
  const shown = useRef({ pipeline, number: 0 });

  useEffect(() => {
    if (pipeline === undefined) return;
    if (shown.current.pipeline !== pipeline) {
      shown.current = { pipeline, number: 0 };
      setPlans(NONE);
    }
    const wait = Math.max(0, lastAt.current + INTERVAL_MS - performance.now());
    const timer = setTimeout(() => {
      lastAt.current = performance.now();
      query(client, BoardPlansDocument, { pipeline }).then(
        ({ development, staging, waiting }) => {
          // Responses can overtake each other. A late one is still shown while many events arrive.
          if (shown.current.pipeline !== pipeline || shown.current.number > revision) return;
          shown.current = { pipeline, number: revision };
          setPlans({
            stages: new Map([development, staging].map((plan) => [plan.from, plan])),
            waiting: new Map(STAGES.map((stage) => [stage, waiting.nodes.filter(({ to }) => to === stage)])),
          });
        },
        // Without a plan the buttons say nothing; the dialog asks again.
        () => undefined,
      );
    }, wait);
    return () => clearTimeout(timer);
  }, [client, pipeline, revision]);

  return plans;
}

/**
 * How many builds an app is behind the source of its stage: those that succeeded there since the app's build. Null if its build
 * never ran there recently, and 0 if it is up to date.
 */
export function countBehind(plan: StagePlan | undefined, buildId: string | undefined): number | null {
  if (plan?.source == null || buildId === undefined) return null;
  const builds = new Set<string>();
  for (const { phase, build } of plan.source.releases.nodes) {
    if (build.id === buildId) return builds.size;
    if (phase === "SUCCEEDED") builds.add(build.id);
  }
  return null;
}
