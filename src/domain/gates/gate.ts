import type { Reader } from "../../database/rows/reader.js";
import type { Build } from "../../entities/builds/build.js";
import type { ConfigParity, Stage } from "../../entities/core/enums.js";
import type { App } from "../../entities/pipelines/app.js";
import type { Coupling } from "../../entities/pipelines/coupling.js";
import type { Pipeline } from "../../entities/pipelines/pipeline.js";
import type { Blocker } from "../../entities/releases/plan.js";
import type { Promotion } from "../../entities/releases/promotion.js";
import type { PromotionTarget } from "../../entities/releases/promotion-target.js";
import type { Release } from "../../entities/releases/release.js";

/*
 * What a gate is. A new gate is one file in this folder that exports `defineGate({ … })`, and one line in `gates.ts`.
 * It declares the facts that it needs. Facts are loaded once for all gates and all subjects; the gate itself is pure.
 */

/** What would be released, and where. */
export interface Subject {
  /**
   * PROMOTION: `promote`, and a waiting promotion. RELEASE: a direct release by `createRelease`. AUTO_DEPLOY: an
   * automatic deploy. CONFIG: the current build of an app, with a new version of its config.
   */
  readonly way: "PROMOTION" | "RELEASE" | "AUTO_DEPLOY" | "CONFIG";
  readonly pipeline: Pipeline;
  readonly build: Build;
  /** The release that is promoted; null unless `way` is PROMOTION. */
  readonly release: Release | null;
  /** The target stage; null if the source is in the last stage. */
  readonly to: Stage | null;
  /**
   * How the request compares config vars: at least by this rule, or not at all if OFF. Null or undefined for the rule
   * of the stage.
   */
  readonly parity?: ConfigParity | null;
  /**
   * The target apps. For a promotion that has started, only those of its next wave. Exactly one unless `way` is
   * PROMOTION.
   */
  readonly targets: readonly Target[];
  /** The promotion, while targets of it wait; null or undefined before it exists, and unless `way` is PROMOTION. */
  readonly promotion?: Promotion | null;
  /** All targets of that promotion, including admitted ones. */
  readonly promotionTargets?: readonly PromotionTarget[];
  /** The time before which the promotion must not start; null or undefined if none was requested. */
  readonly notBefore?: Date | null;
}

export interface Target {
  readonly coupling: Coupling;
  readonly app: App;
}

/** Something that gates depend on besides the subject. Two gates that use the same object share what it loads. */
export interface Fact<T> {
  /** For error messages, for example `statuses`. */
  readonly name: string;
  /**
   * Loads the fact of every subject, aligned with `subjects`, with a number of statements that does not depend on how
   * many there are. It sees only rows that the reader may see.
   *
   * @param other loads another fact of the same subjects, once for all that need it
   * @throws InvalidFact if stored data is invalid: then every gate that needs the fact blocks
   */
  load(reader: Reader, subjects: readonly Subject[], now: Date, other: LoadFact): Promise<readonly T[]>;
}

export type LoadFact = <T>(fact: Fact<T>) => Promise<readonly T[]>;

/** Stored data cannot be evaluated. The message says which data, for people. */
export class InvalidFact extends Error {
  override readonly name = "InvalidFact";
}

type Facts = Readonly<Record<string, Fact<unknown>>>;
type Loaded<F extends Facts> = { readonly [K in keyof F]: F[K] extends Fact<infer T> ? T : never };

export interface Gate<F extends Facts = Facts> {
  /** For error messages, for example `required checks`. */
  readonly name: string;
  /**
   * Whether it also applies to changes of config, which release the current build of the app again.
   *
   * @default false
   */
  readonly holdsConfig?: boolean;
  /** The facts that `evaluate` receives, by any names. */
  readonly facts: F;
  /**
   * The blockers of a subject; none if the gate is open for it. Pure: the same arguments always give the same blockers,
   * and nothing is read. If it throws, the gate blocks. `app` of a blocker is the target that it affects, or null for
   * all.
   *
   * @param now the time of the transaction
   */
  evaluate(now: Date, subject: Subject, facts: Loaded<F>): readonly Blocker[];
}

/** A gate whose types of facts are not known to the caller. */
export type AnyGate = Gate<Facts>;

/** Defines a gate. The type parameter checks that `evaluate` uses the declared facts. */
export function defineGate<F extends Facts>(gate: Gate<F>): AnyGate {
  return gate as unknown as AnyGate;
}
