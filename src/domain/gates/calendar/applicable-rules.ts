import type { DeploymentWindow } from "../../../entities/gates/deployment-window.js";
import type { Freeze, FreezeExemption } from "../../../entities/gates/freeze.js";
import type { ScopeIds } from "../../../entities/gates/gate-scope.js";
import type { Target } from "../gate.js";
import { matchesScope, toPlace } from "./scopes.js";

/*
 * Which windows and freezes apply to which app. Most apps of a stage have the same rules. They share one object, so
 * that results are computed once for all of them.
 */

/** A live window and where it applies. */
export interface ScopedWindow {
  readonly window: DeploymentWindow;
  readonly scope: ScopeIds;
}

/** A freeze that has not ended, perhaps one that begins later, and where it applies. */
export interface ScopedFreeze {
  readonly freeze: Freeze;
  readonly scope: ScopeIds;
  /** Includes expired ones. */
  readonly exemptions: readonly FreezeExemption[];
}

/** A freeze that applies to an app, and its exemptions: of the app, and of builds. */
export interface ApplicableFreeze {
  readonly freeze: Freeze;
  readonly ofApp: readonly FreezeExemption[];
  readonly ofBuilds: readonly FreezeExemption[];
}

/** The windows and freezes that may block something, in the order of their creation. */
export class GateRules {
  /** How many windows and freezes there are. */
  readonly count: number;
  readonly #windows: readonly ScopedWindow[];
  readonly #freezes: readonly ScopedFreeze[];
  /** The apps that a rule or exemption names. All others of a stage have the same rules. */
  readonly #named: ReadonlySet<string>;
  readonly #byPlace = new Map<string, ApplicableRules>();
  readonly #byRules = new Map<string, ApplicableRules>();

  constructor(windows: readonly ScopedWindow[], freezes: readonly ScopedFreeze[]) {
    this.#windows = windows;
    this.#freezes = freezes;
    this.count = windows.length + freezes.length;
    this.#named = new Set([
      ...[...windows, ...freezes].flatMap(({ scope }) => scope.apps),
      ...freezes.flatMap(({ exemptions }) => exemptions.flatMap(({ appId }) => appId ?? [])),
    ]);
  }

  /** The rules that apply to an app: the same object for all apps with the same rules. */
  findApplicable(target: Target): ApplicableRules {
    const { pipelineId, stage, appId } = toPlace(target);
    const place = `${pipelineId} ${stage} ${this.#named.has(appId) ? appId : ""}`;
    let rules = this.#byPlace.get(place);
    if (rules === undefined) {
      rules = this.#select(target);
      this.#byPlace.set(place, rules);
    }
    return rules;
  }

  #select(target: Target): ApplicableRules {
    const place = toPlace(target);
    const windows = this.#windows.filter(({ scope }) => matchesScope(scope, place)).map(({ window }) => window);
    const freezes = this.#freezes
      .filter(({ scope }) => matchesScope(scope, place))
      .map(({ freeze, exemptions }) => ({
        freeze,
        ofApp: exemptions.filter(({ appId }) => appId === place.appId),
        ofBuilds: exemptions.filter(({ buildId }) => buildId !== null),
      }));
    const key = JSON.stringify([
      windows.map(({ id }) => id),
      freezes.map(({ freeze, ofApp }) => [freeze.id, ...ofApp.map(({ id }) => id)]),
    ]);
    const known = this.#byRules.get(key) ?? new ApplicableRules(windows, freezes);
    this.#byRules.set(key, known);
    return known;
  }
}

/** The windows and freezes that apply to some apps, and cached results of computations on them. */
export class ApplicableRules {
  readonly windows: readonly DeploymentWindow[];
  readonly freezes: readonly ApplicableFreeze[];
  readonly #computed = new Map<Computation<unknown>, { readonly time: number; readonly value: unknown }>();

  constructor(windows: readonly DeploymentWindow[], freezes: readonly ApplicableFreeze[]) {
    this.windows = windows;
    this.freezes = freezes;
  }

  /** Computes something from the rules and the time only, once for all apps that have these rules. */
  compute<T>(computation: Computation<T>, now: Date): T {
    const known = this.#computed.get(computation);
    if (known !== undefined && known.time === now.getTime()) return known.value as T;
    const value = computation(this, now);
    this.#computed.set(computation, { time: now.getTime(), value });
    return value;
  }
}

type Computation<T> = (rules: ApplicableRules, now: Date) => T;
