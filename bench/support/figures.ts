import type { Databases } from "./databases.js";

/** What a figure is given to measure with. */
export interface BenchmarkOptions {
  readonly databases: Databases;
  /** How many pipelines the database holds. */
  readonly pipelines: number;
  /** How often subject and baseline take turns. */
  readonly rounds: number;
}

/** A figure: a file of its own under `bench/`. */
export type Benchmark = (bench: BenchmarkOptions) => Promise<readonly Result[]>;

export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Result {
  /** What was measured, and in what unit. */
  readonly name: string;
  readonly unit: string;
  readonly subject: Summary;
  /** What it is held against, measured in the same run; null where the figure is held against a number alone. */
  readonly baselineName: string | null;
  readonly baseline: Summary | null;
  /** Subject ÷ baseline, of every round. */
  readonly ratio: Summary | null;
  /** What it is to be: `≤ 4` of the ratio, or of the subject where there is none. */
  readonly target: Target | null;
}

export type Target = { readonly max: number } | { readonly min: number };

/** Turns that do not count. */
const WARM_UP_ROUNDS = 3;

export function summarize(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: percentile(sorted, 0.5), min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN };
}

/** @param sorted ascending */
export function percentile(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}

/**
 * Lets subject and baseline take turns, A B A B …, after some turns of each that do not count: a server has been running
 * for longer than the first hundred requests, after which its code is still being compiled.
 */
export async function interleave<S, B>(
  rounds: number,
  subject: () => Promise<S>,
  baseline: () => Promise<B>,
): Promise<{ subject: S[]; baseline: B[] }> {
  for (let turn = 0; turn < WARM_UP_ROUNDS; turn++) {
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

export function compareWithBaseline(
  what: string,
  unit: string,
  against: string,
  measured: { readonly subject: readonly number[]; readonly baseline: readonly number[] },
  target: Target | null,
): Result {
  const ratios = measured.subject.map((value, round) => value / (measured.baseline[round] ?? Number.NaN));
  return {
    name: what,
    unit,
    subject: summarize(measured.subject),
    baselineName: against,
    baseline: summarize(measured.baseline),
    ratio: summarize(ratios),
    target,
  };
}

export function measureOnly(what: string, unit: string, values: readonly number[], target: Target | null): Result {
  return { name: what, unit, subject: summarize(values), baselineName: null, baseline: null, ratio: null, target };
}

export function isMet({ target, ratio, subject }: Result): boolean | null {
  if (target === null) return null;
  const { median } = ratio ?? subject;
  return "max" in target ? median <= target.max : median >= target.min;
}
