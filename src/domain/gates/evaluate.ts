import type { Reader } from "../../database/rows/reader.js";
import type { CheckResult } from "../../entities/releases/check-result.js";
import type { Blocker } from "../../entities/releases/plan.js";
import { createBlocker } from "./blocker.js";
import { evaluateChecks } from "./checks/checks.js";
import { statusesFact } from "./checks/required-checks.js";
import { type AnyGate, type Fact, InvalidFact, type LoadFact, type Subject } from "./gate.js";
import { GATES } from "./gates.js";

/** The result of the gates for a subject. */
export interface Verdict {
  /** Everything that blocks it: first what affects all targets, then target by target. */
  readonly blockers: readonly Blocker[];
  /** The required checks of each target, aligned with `subject.targets`. */
  readonly checks: readonly (readonly CheckResult[])[];
}

/** The work of an evaluation, in fields; see `FIELD_US`. The rows that it loads are counted in addition. */
const SUBJECT_WORK = 10;
const TARGET_WORK = 5;
const BLOCKER_WORK = 0.55;

/**
 * Evaluates the gates for `promote`, its plan, waiting promotions, `createRelease`, automatic deploys and changes of
 * config. All of them use this function, so that they agree. The number of statements does not depend on the number of
 * subjects. Gates fail closed: a gate that throws, or whose facts are invalid, blocks.
 *
 * @param now the time of the transaction, from `transactionTime`
 * @returns verdicts aligned with `subjects`
 */
export async function evaluateGates(
  reader: Reader,
  now: Date,
  subjects: readonly Subject[],
  gates: readonly AnyGate[] = GATES,
): Promise<Verdict[]> {
  if (subjects.length === 0) return [];
  reader.budget?.addWork(subjects.reduce((sum, { targets }) => sum + SUBJECT_WORK + targets.length * TARGET_WORK, 0));
  const facts = await loadFacts(reader, now, subjects, gates);
  return subjects.map((subject, index) => {
    reader.budget?.addWork(0);
    const get: GetFact = (fact) => {
      const found = facts.get(fact)?.[index];
      if (found === undefined || "failure" in found) throw found?.failure ?? new InvalidFact(`${fact.name} is missing`);
      return found.value;
    };
    const statuses = facts.get(statusesFact)?.[index];
    const known = statuses !== undefined && "value" in statuses ? (statuses.value as never) : [];
    const blockers = gates.flatMap((gate) => evaluateOne(gate, now, subject, get));
    reader.budget?.addWork(blockers.length * BLOCKER_WORK);
    return {
      blockers: inOrder(subject, blockers),
      checks: subject.targets.map(({ coupling }) => evaluateChecks(coupling.requiredChecks, known)),
    };
  });
}

type Outcome = { readonly value: unknown } | { readonly failure: unknown };
type GetFact = (fact: Fact<unknown>) => unknown;

/** Loads every fact once for all gates that need it. */
async function loadFacts(reader: Reader, now: Date, subjects: readonly Subject[], gates: readonly AnyGate[]) {
  const loaded = new Map<Fact<unknown>, readonly Outcome[]>();
  const load = createLoader(reader, now, subjects);
  for (const fact of new Set([statusesFact, ...gates.flatMap((gate) => Object.values(gate.facts))])) {
    loaded.set(fact, await loadFact(fact, reader, now, subjects, load));
  }
  return loaded;
}

/** Creates a loader that loads each fact of the subjects once. */
function createLoader(reader: Reader, now: Date, subjects: readonly Subject[]): LoadFact {
  const loading = new Map<Fact<unknown>, Promise<readonly unknown[]>>();
  const load: LoadFact = <T>(fact: Fact<T>) => {
    const values = loading.get(fact) ?? fact.load(reader, subjects, now, load);
    loading.set(fact, values);
    return values as Promise<readonly T[]>;
  };
  return load;
}

/**
 * Loads a fact. If it is invalid for some subjects, it is loaded for each subject separately, so that the others are
 * not blocked.
 */
async function loadFact(
  fact: Fact<unknown>,
  reader: Reader,
  now: Date,
  subjects: readonly Subject[],
  load: LoadFact,
): Promise<readonly Outcome[]> {
  try {
    const values = await load(fact);
    if (values.length !== subjects.length) throw new InvalidFact(`${fact.name} was not loaded for every subject`);
    return values.map((value) => ({ value }));
  } catch (failure) {
    if (!isAboutData(failure)) throw failure;
    if (subjects.length === 1) return [{ failure }];
    const each: Outcome[] = [];
    for (const subject of subjects) {
      each.push(...(await loadFact(fact, reader, now, [subject], createLoader(reader, now, [subject]))));
    }
    return each;
  }
}

/** Whether an error means that stored data is invalid. Other errors, for example of the database, end the operation. */
function isAboutData(error: unknown): boolean {
  return [InvalidFact, SyntaxError, TypeError, RangeError].some((kind) => error instanceof kind);
}

function evaluateOne(gate: AnyGate, now: Date, subject: Subject, get: GetFact): readonly Blocker[] {
  try {
    const facts = Object.entries(gate.facts).map(([name, fact]) => [name, get(fact)]);
    return gate.evaluate(now, subject, Object.fromEntries(facts));
  } catch (error) {
    const reason = error instanceof InvalidFact ? error.message : "its data is invalid";
    const message = `The gate of ${gate.name} could not be evaluated, so it blocks: ${reason}.`;
    return [createBlocker({ code: "GATE_FAILED", message, remedies: ["FORCE"] })];
  }
}

function inOrder(subject: Subject, blockers: readonly Blocker[]): Blocker[] {
  if (blockers.length < 2) return [...blockers];
  const ofAll: Blocker[] = [];
  const ofTargets = new Map(subject.targets.map(({ app }) => [app.id, [] as Blocker[]]));
  const ofOthers: Blocker[] = [];
  for (const blocker of blockers) {
    const { app } = blocker;
    (app === null ? ofAll : (ofTargets.get(app.id) ?? ofOthers)).push(blocker);
  }
  return [ofAll, ...ofTargets.values(), ofOthers].flat();
}
