import { ConfigVar } from "../../entities/config-vars/config-var.js";
import type { ConfigParity } from "../../entities/core/enums.js";
import {
  type AppConfig,
  findParityGap,
  NO_CONFIG,
  PARITIES,
  stricterParity,
  toAppConfig,
} from "../config-vars/parity.js";
import { groupBy } from "../core/group-by.js";
import { createBlocker } from "./blocker.js";
import { defineGate, type Fact, InvalidFact, type Subject } from "./gate.js";
import { isGated } from "./policies/previous-stage.js";
import { policyFact } from "./policies/stage-policy-fact.js";

/** The config of the source and of the targets of a subject, by app. Apps without config vars are left out. */
const configFact: Fact<ReadonlyMap<string, AppConfig>> = {
  name: "config vars",
  async load(reader, subjects) {
    const toAppIds = ({ release, targets }: Subject) => [
      ...(release === null ? [] : [release.appId]),
      ...targets.map(({ app }) => app.id),
    ];
    const appId = [...new Set(subjects.filter(isGated).flatMap(toAppIds))];
    const vars = appId.length === 0 ? [] : await reader.find(ConfigVar, { appId });
    const byApp = groupBy(vars, (one) => one.appId);
    const configs = new Map([...byApp].map(([id, ofApp]) => [id, toAppConfig(ofApp)]));
    return subjects.map(() => configs);
  },
};

/**
 * Blocks promotions to apps that lack config vars: those that the build or the app requires and, depending on the
 * policy of the stage, those that the source has. Direct releases to STAGING and PRODUCTION are blocked too, but have
 * no source. Direct releases to REVIEW and DEVELOPMENT are not blocked, because apps there may be new.
 */
export const configParityGate = defineGate({
  name: "config vars",
  facts: { policy: policyFact, configs: configFact },
  evaluate(_now, subject, { policy, configs }) {
    const parity = toEffectiveParity(subject, policy.configParity);
    if (!isGated(subject)) return [];
    const source = subject.release === null ? null : (configs.get(subject.release.appId) ?? NO_CONFIG);
    return subject.targets.flatMap(({ app }) => {
      const target = configs.get(app.id) ?? NO_CONFIG;
      const { missing, extra } = findParityGap(parity, subject.build.requiredConfig, source, target);
      const problems = [
        ...(missing.length === 0 ? [] : [`lacks the config vars ${toList(missing)}`]),
        ...(extra.length === 0 ? [] : [`has config vars that the source has not: ${toList(extra)}`]),
      ];
      if (problems.length === 0) return [];
      const message = `${app.name} ${problems.join(", and ")}.`;
      return [createBlocker({ code: "CONFIG_MISSING", message, app, remedies: ["SET_CONFIG", "FORCE"] })];
    });
  },
});

/** The rule of the stage, or that of the request if it is stricter or OFF. */
function toEffectiveParity({ parity = null }: Subject, policy: ConfigParity): ConfigParity {
  if (!PARITIES.includes(policy)) throw new InvalidFact("the config parity of the stage is invalid");
  if (parity === null) return policy;
  return parity === "OFF" ? "OFF" : stricterParity(parity, policy);
}

/** How many keys a message names. */
const MAX_LISTED = 20;

function toList(keys: readonly string[]): string {
  const more = keys.length - MAX_LISTED;
  return more > 0 ? `${keys.slice(0, MAX_LISTED).join(", ")} and ${more} more` : keys.join(", ");
}
