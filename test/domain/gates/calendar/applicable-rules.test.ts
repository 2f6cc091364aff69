import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { GateRules } from "../../../../src/domain/gates/calendar/applicable-rules.js";
import { matchesScope } from "../../../../src/domain/gates/calendar/scopes.js";
import type { Target } from "../../../../src/domain/gates/gate.js";
import { STAGES } from "../../../../src/domain/pipelines/stages.js";
import { DeploymentWindow } from "../../../../src/entities/gates/deployment-window.js";
import { Freeze, FreezeExemption } from "../../../../src/entities/gates/freeze.js";
import { App } from "../../../../src/entities/pipelines/app.js";
import { Coupling } from "../../../../src/entities/pipelines/coupling.js";

const pipeline = fc.constantFrom("p1", "p2");
const stage = fc.constantFrom(...STAGES);
const app = fc.constantFrom("a1", "a2", "a3", "a4");
const some = <T>(one: fc.Arbitrary<T>) => fc.uniqueArray(one, { maxLength: 2 });
const scope = fc.record({ pipelines: some(pipeline), stages: some(stage), apps: some(app) });
const target = fc.record({ pipelineId: pipeline, stage, appId: app }).map(
  (place): Target => ({
    coupling: Object.assign(new Coupling(), place),
    app: Object.assign(new App(), { id: place.appId, name: place.appId }),
  }),
);

describe("the windows and freezes that apply to an app", () => {
  it("are those whose scope matches it, and one object for all apps with the same", () => {
    let shared = 0;
    fc.assert(
      fc.property(
        fc.array(scope, { maxLength: 4 }),
        fc.array(fc.tuple(scope, some(app)), { maxLength: 3 }),
        fc.array(target, { minLength: 1, maxLength: 8 }),
        (windowScopes, freezeScopes, targets) => {
          const windows = windowScopes.map((one, index) => ({
            window: Object.assign(new DeploymentWindow(), { id: `w${index}` }),
            scope: one,
          }));
          const freezes = freezeScopes.map(([one, exempt], index) => ({
            freeze: Object.assign(new Freeze(), { id: `f${index}` }),
            scope: one,
            exemptions: exempt.map((appId) =>
              Object.assign(new FreezeExemption(), { id: `x${index}${appId}`, appId, buildId: null }),
            ),
          }));
          const rules = new GateRules(windows, freezes);
          const keys = new Map<string, unknown>();
          for (const one of targets) {
            const place = one.coupling;
            const found = rules.findApplicable(one);
            const expected = {
              windows: windows.filter((rule) => matchesScope(rule.scope, place)).map(({ window }) => window.id),
              freezes: freezes
                .filter((rule) => matchesScope(rule.scope, place))
                .map(({ freeze, exemptions }) => [
                  freeze.id,
                  exemptions.filter(({ appId }) => appId === place.appId).map(({ id }) => id),
                ]),
            };
            assert.deepEqual(
              {
                windows: found.windows.map(({ id }) => id),
                freezes: found.freezes.map(({ freeze, ofApp }) => [freeze.id, ofApp.map(({ id }) => id)]),
              },
              expected,
            );
            const key = JSON.stringify(expected);
            if (keys.has(key)) shared += 1;
            assert.equal(keys.get(key) ?? found, found, "apps with the same rules share them");
            keys.set(key, found);
          }
        },
      ),
      { numRuns: 300 },
    );
    assert.ok(shared > 100, `${shared} apps shared their rules`);
  });
});
