import type { ScopeFragment } from "../../gql/graphql";
import { STAGE_NAMES } from "../../ui/text/format";

/** What a gate covers: `shop, billing in production`, or `everything`. */
export function describeScope({ pipelines, stages, apps }: ScopeFragment): string {
  const places = [...pipelines, ...apps].map(({ name }) => name).join(", ");
  const where = stages.map((stage) => STAGE_NAMES[stage].toLowerCase()).join(", ");
  if (places === "" && where === "") return "everything";
  if (places === "") return `all of ${where}`;
  return where === "" ? places : `${places} in ${where}`;
}

/** Names that somebody typed, separated by commas or spaces. */
export function splitNames(text: string): string[] {
  return text.split(/[\s,]+/).filter((name) => name !== "");
}
