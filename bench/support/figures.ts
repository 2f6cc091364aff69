import type { Databases } from "./data/databases.js";

/** Arguments of a benchmark. */
export interface BenchmarkOptions {
  readonly databases: Databases;
  /** Number of pipelines in the database. */
  readonly pipelines: number;
  /** Number of measured rounds. Each runs the subject, then the baseline. */
  readonly rounds: number;
}

/** A benchmark. Each is one file in `bench/`. */
export type Benchmark = (bench: BenchmarkOptions) => Promise<readonly Result[]>;

export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Result {
  /** What was measured. */
  readonly name: string;
  readonly unit: string;
  readonly subject: Summary;
  /** What the subject is compared to in the same run; null if it only has an absolute target. */
  readonly baselineName: string | null;
  readonly baseline: Summary | null;
  /** Subject ÷ baseline of each round. */
  readonly ratio: Summary | null;
  /** Limit for the ratio, or for the subject if there is no baseline; null if there is none. */
  readonly target: Target | null;
}

export type Target = { readonly max: number } | { readonly min: number };

/** Unmeasured rounds at the start: V8 still compiles hot code during the first hundreds of requests. */
const WARM_UP_ROUNDS = 3;

export function summarize(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: percentile(sorted, 0.5), min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN };
}

/** @param sorted ascending */
export function percentile(sorted: readonly number[], share: number): number {
  const index = (sorted.length - 1) * share;
  const below = sorted[Math.floor(index)] ?? Number.NaN;
  const above = sorted[Math.ceil(index)] ?? Number.NaN;
  return below + (above - below) * (index - Math.floor(index));
}

/**
 * Runs subject and baseline alternately (A B A B …), after the warm-up rounds. Alternating spreads a disturbance of the
 * machine over both.
 */
export async function interleave<S, B>(
  rounds: number,
  subject: () => Promise<S>,
  baseline: () => Promise<B>,
): Promise<{ subject: S[]; baseline: B[] }> {
  for (let round = 0; round < WARM_UP_ROUNDS; round++) {
    await subject();
    await baseline();
  }
  const measured = { subject: [] as S[], baseline: [] as B[] };
  for (let round = 0; round < rounds; round++) {
    measured.subject.push(await subject());
    measured.baseline.push(await baseline());
  }
  return measured;
}

export function createComparison(
  name: string,
  unit: string,
  baselineName: string,
  measured: { readonly subject: readonly number[]; readonly baseline: readonly number[] },
  target: Target | null,
): Result {
  const ratios = measured.subject.map((value, round) => value / (measured.baseline[round] ?? Number.NaN));
  return {
    name,
    unit,
    subject: summarize(measured.subject),
    baselineName,
    baseline: summarize(measured.baseline),
    ratio: summarize(ratios),
    target,
  };
}

export function createResult(name: string, unit: string, values: readonly number[], target: Target | null): Result {
  return { name, unit, subject: summarize(values), baselineName: null, baseline: null, ratio: null, target };
}

export function isMet({ target, ratio, subject }: Result): boolean | null {
  if (target === null) return null;
  const { median } = ratio ?? subject;
  return "max" in target ? median <= target.max : median >= target.min;
}
