import { Counter, Gauge, type Registry } from "prom-client";
import type { Database } from "../../database/database.js";
import type { RolloutStatistics } from "../../domain/rollouts/statistics.js";

/** The counters of events: each instance counts those that it committed. */
const COUNTERS = [
  {
    type: "VERIFICATION_FAILED",
    name: "railyard_verification_failures_total",
    help: "Verifications of releases that failed or timed out.",
  },
  {
    type: "AUTOMATIC_ROLLBACK",
    name: "railyard_automatic_rollbacks_total",
    help: "Rollbacks after a verification failed.",
  },
  {
    type: "ROLLOUT_STOPPED",
    name: "railyard_rollouts_stopped_total",
    help: "Promotions that were stopped because more targets failed than maxFailures allows.",
  },
] as const;

type Field = keyof RolloutStatistics;

const GAUGES: readonly { readonly field: Field; readonly name: string; readonly help: string }[] = [
  {
    field: "inProgress",
    name: "railyard_rollouts_in_progress",
    help: "Promotions that have started and whose later waves still wait.",
  },
  { field: "paused", name: "railyard_rollouts_paused", help: "Promotions in progress that are paused." },
  {
    field: "oldestSeconds",
    name: "railyard_rollouts_waiting_oldest_seconds",
    help: "The longest time that a promotion in progress has had nothing under way and waited for its next wave.",
  },
  { field: "quarantinedBuilds", name: "railyard_builds_quarantined", help: "Builds that are quarantined." },
  {
    field: "heldApps",
    name: "railyard_automation_held_apps",
    help: "Apps on which automatic deploys or promotions are held.",
  },
];

/** Registers the metrics of rollouts. `read` is called once for a scrape. */
export function observeRollouts(
  registry: Registry,
  database: Pick<Database, "onCommitted">,
  read: () => Promise<RolloutStatistics>,
): void {
  const registers = [registry];
  const counters = new Map<string, Counter>(
    COUNTERS.map(({ type, name, help }) => [type, new Counter({ name, help, registers })]),
  );
  database.onCommitted(({ events }) => {
    for (const { type } of events) counters.get(type)?.inc();
  });
  let current: Promise<RolloutStatistics> | null = null;
  const readOnce = () => {
    current ??= read().finally(() => {
      current = null;
    });
    return current;
  };
  for (const { field, name, help } of GAUGES) {
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        this.set((await readOnce())[field]);
      },
    });
  }
}
