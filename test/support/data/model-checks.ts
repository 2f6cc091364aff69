import assert from "node:assert/strict";
import type { Client } from "../clients/client.js";
import {
  acceptsLateSuccess,
  findOutcome,
  findRollbackBuild,
  isNewerBuild,
  isSameBranch,
  type ModelBuild,
  type ModelRelease,
} from "./release-model.js";

/* Compares a server with the rules of `release-model.ts`. */

/** How often each case of the model occurred. */
export interface ModelTally {
  rolledBack: number;
  notRolledBack: number;
  lateAccepted: number;
  lateRefused: number;
  /** Releases that were superseded. */
  superseded: number;
  /** The outcomes of `Build.autoDeploys`. */
  readonly outcomes: Record<string, number>;
}

const RELEASES_OF = `{ nodes { id version phase trigger build { id } } }`;

/**
 * What the model expects of a rollback or a late report.
 *
 * @returns compares the result with it: the code of the refusal, or null
 */
export async function predict(
  admin: Client,
  what: string,
  input: Record<string, unknown>,
  tally: ModelTally,
): Promise<(code: string | null) => Promise<void>> {
  const unknown = async () => {};
  if (what === "rollback") {
    const read = async (): Promise<ModelRelease[] | undefined> =>
      (await admin.ask(`query ($app: ID!) { app(app: $app) { releases(first: 100) ${RELEASES_OF} } }`, input)).app
        ?.releases.nodes;
    const before = await read();
    if (before === undefined) return unknown;
    const expected = findRollbackBuild(before);
    return async (code) => {
      tally[expected === null ? "notRolledBack" : "rolledBack"] += 1;
      assert.equal(code, expected === null ? "CONFLICT" : null, JSON.stringify(before));
      if (expected === null) return;
      const made = (await read())?.[0];
      assert.deepEqual([made?.trigger, made?.build.id], ["ROLLBACK", expected], JSON.stringify(before));
    };
  }
  if (what !== "late") return unknown;
  const query = `query ($release: ID!) { release(id: $release) { id phase app { deletedAt releases(first: 100) ${RELEASES_OF} } } }`;
  const { id, phase, app } = (await admin.ask(query, { release: input.release })).release;
  if (app.deletedAt !== null || phase !== "FAILED") return unknown;
  const expected = acceptsLateSuccess(app.releases.nodes, id);
  return async (code) => {
    tally[expected ? "lateAccepted" : "lateRefused"] += 1;
    assert.equal(code, expected ? null : "CONFLICT", JSON.stringify(app.releases.nodes));
  };
}

/** The releases of automatic deploys, and their explanations, agree with the model of the order of builds. */
export async function checkAutoDeploys(admin: Client, tally: ModelTally): Promise<void> {
  const { apps, builds: found } = await admin.ask(`{
    apps(first: 100) { nodes { id reviewApp { createdAt } releases(first: 100) ${RELEASES_OF} } }
    builds(first: 100) { nodes { id phase repository branch sequence commit { sha parents committedAt }
      autoDeploys { outcome coupling { app { id reviewApp { createdAt } } } } } }
  }`);
  const builds: (ModelBuild & { autoDeploys: { outcome: string; coupling: { app: ModelApp } }[] })[] =
    found.nodes.reverse();
  const findBuild = ({ build }: ModelRelease) => builds.find(({ id }) => id === build.id) as ModelBuild;
  const releasesByApp = new Map<string, ModelRelease[]>();
  for (const app of apps.nodes) {
    const releases: ModelRelease[] = app.releases.nodes.reverse();
    releasesByApp.set(app.id, releases);
    for (const [index, release] of releases.entries()) {
      if (release.trigger !== "AUTO_DEPLOY") continue;
      const build = findBuild(release);
      assert.equal(build.phase, "SUCCEEDED");
      assert.notEqual(releases[index - 1]?.trigger, "ROLLBACK", "automation is held after a rollback");
      // The head of a pull request replaces what runs in any order.
      if (app.reviewApp !== null) continue;
      const earlier = releases
        .slice(0, index)
        .map(findBuild)
        .filter((one) => isSameBranch(one, build));
      for (const one of earlier) assert.ok(isNewerBuild(builds, build, one), JSON.stringify([build, one]));
    }
  }
  for (const build of builds) {
    for (const { outcome, coupling } of build.autoDeploys.filter((one) => one.coupling.app.reviewApp === null)) {
      tally.outcomes[outcome] = (tally.outcomes[outcome] ?? 0) + 1;
      const expected = findOutcome(builds, build, releasesByApp.get(coupling.app.id) ?? []);
      const isLate = expected === "WAITING" && build.phase === "SUCCEEDED" && outcome === "NOT_NEWER";
      assert.ok(isLate || outcome === expected, `${outcome} instead of ${expected}: ${JSON.stringify(build)}`);
    }
  }
}

interface ModelApp {
  readonly id: string;
  readonly reviewApp: object | null;
}

/** A build that has just succeeded was deployed to every app that follows it, or something keeps it from that. */
export async function checkNotForgotten(admin: Client, id: string): Promise<void> {
  const { build } = await admin.ask("query ($id: ID!) { build(id: $id) { autoDeploys { message } } }", { id });
  for (const { message } of build.autoDeploys) assert.doesNotMatch(message, /^It passed while/);
}
