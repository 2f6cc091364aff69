import { type GraphQLSchema, getNamedType, isInterfaceType, isObjectType } from "graphql";

/** Builds a selection from a sequence of numbers: mostly valid, with fragments, aliases, directives and pages of any size. */
export function arbitrarySelection(
  schema: GraphQLSchema,
  typeName: string,
  numbers: Iterator<number>,
  depth: number,
): string {
  const type = schema.getType(typeName);
  if (!isObjectType(type) && !isInterfaceType(type)) return "";
  const next = (below: number) => (numbers.next().value as number) % below;
  const fields = Object.values(type.getFields());
  const chosen = Array.from({ length: 1 + next(4) }, () => {
    const field = fields[next(fields.length)];
    if (field === undefined) return "__typename";
    const inner = getNamedType(field.type);
    const composite = isObjectType(inner) || isInterfaceType(inner);
    if (composite && depth === 0) return "__typename";
    const page = field.args.some(({ name }) => name === "first") ? `(first: ${[1, 5, 100, 101, -1, 0][next(6)]})` : "";
    const alias = next(3) === 0 ? `a${next(5)}: ` : "";
    const directive = next(6) === 0 ? " @skip(if: false)" : "";
    const inside = composite ? ` ${arbitrarySelection(schema, inner.name, numbers, depth - 1)}` : "";
    const text = `${alias}${field.name}${page}${directive}${inside}`;
    return next(5) === 0 ? `... on ${typeName} { ${text} }` : text;
  });
  return `{ ${chosen.join(" ")} }`;
}
