import { registerEnumType } from "type-graphql";

/** Registers an enum with its name and the descriptions of its values. */
export function describe<T extends Record<string, string>>(
  name: string,
  values: T,
  description: string,
  descriptions: Record<keyof T & string, string>,
): void {
  const valuesConfig = Object.fromEntries(
    Object.entries(descriptions).map(([value, text]) => [value, { description: text }]),
  );
  registerEnumType(values, { name, description, valuesConfig: valuesConfig as never });
}
