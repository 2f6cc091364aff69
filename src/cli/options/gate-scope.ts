import type { Option } from "commander";
import { type GateScopeFragment, type GateScopeInput, STAGE_VALUES, type Stage } from "../api/generated.js";
import { listOption } from "../command.js";
import { wrongUsage } from "../exit.js";
import { lower } from "../output/format.js";

/** The options that say where a window or freeze applies. */
export interface ScopeFlags {
  readonly pipelines?: string[];
  readonly stages?: string[];
  readonly apps?: string[];
}

export const scopeOptions = (): Option[] => [
  listOption("-p, --pipelines <pipeline...>", "only in these pipelines"),
  listOption("-s, --stages <stage...>", "only in these stages: review, development, staging, production"),
  listOption("-a, --apps <app...>", "only on these apps"),
];

/** @returns undefined if no option is given: then it applies everywhere, or stays as it is */
export function parseScope({ pipelines, stages, apps }: ScopeFlags, pipeline?: string): GateScopeInput | undefined {
  const named = pipeline === undefined ? pipelines : [pipeline, ...(pipelines ?? [])];
  if (named === undefined && stages === undefined && apps === undefined) return undefined;
  return { pipelines: named, stages: stages?.map(parseStage), apps };
}

function parseStage(text: string): Stage {
  const stage = STAGE_VALUES.find((value) => value === text.toUpperCase());
  if (stage !== undefined) return stage;
  throw wrongUsage(`--stages must be of ${STAGE_VALUES.map(lower).join(", ")}; got "${text}".`);
}

/** `shop, blog · production · shop-eu`; `everywhere` without a list. */
export function formatScope({ pipelines, stages, apps }: GateScopeFragment): string {
  const lists = [pipelines.map(({ name }) => name), stages.map(lower), apps.map(({ name }) => name)];
  return (
    lists
      .filter((list) => list.length > 0)
      .map((list) => list.join(", "))
      .join(" · ") || "everywhere"
  );
}
