import { GraphQLEnumType } from "graphql";
import { REFUSALS } from "../../domain/core/refusal.js";

/** The enum of every code that an error may have, derived from the catalog. */
export function errorCodeEnum(): GraphQLEnumType {
  return new GraphQLEnumType({
    name: "ErrorCode",
    description:
      "The code of an error, in `extensions.code`. No field returns it; the enum exists for generated clients.",
    values: Object.fromEntries(Object.entries(REFUSALS).map(([code, description]) => [code, { description }])),
  });
}
