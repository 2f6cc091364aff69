/*
 * Whether a change of a gate makes it stricter. To tighten is for OPERATOR, to loosen for ADMIN. A change that is both, or
 * that cannot be compared, counts as loosening.
 */

/** Whether `after` lets through everything that `before` did: then the field is not stricter than it was, but looser. */
type IsLooser<V> = (before: V, after: V) => boolean;

/** For each field of a gate, when a change loosens it. A field that is left out never does, for example a name. */
export type Strictness<T extends object> = { readonly [K in keyof T]?: IsLooser<T[K]> };

/** The larger, the stricter; null is not strict at all. */
export const largerIsStricter: IsLooser<number | null> = (before, after) => (after ?? 0) < (before ?? 0);

/** The smaller, the stricter; null is not strict at all. */
export const smallerIsStricter: IsLooser<number | null> = (before, after) =>
  (after ?? Number.POSITIVE_INFINITY) > (before ?? Number.POSITIVE_INFINITY);

/** The later, the stricter; null is never, and the strictest. */
export const laterIsStricter: IsLooser<Date | null> = (before, after) =>
  (after?.getTime() ?? Number.POSITIVE_INFINITY) < (before?.getTime() ?? Number.POSITIVE_INFINITY);

/** On is stricter than off. */
export const onIsStricter: IsLooser<boolean> = (before, after) => before && !after;

/** Off is stricter than on. */
export const offIsStricter: IsLooser<boolean> = (before, after) => !before && after;

/** The order of the values, from loosest to strictest. */
export function stricterIn<V>(order: readonly V[]): IsLooser<V> {
  return (before, after) => order.indexOf(after) < order.indexOf(before);
}

/** Every change may loosen. */
export const anyChangeLoosens: IsLooser<unknown> = () => true;

/**
 * The fields that a change loosens, in the order of `strictness`; none if the change only tightens.
 *
 * @param before the gate as it is, and `after` as it will be
 */
export function findLoosened<T extends object>(strictness: Strictness<T>, before: T, after: T): (keyof T & string)[] {
  const fields = Object.keys(strictness) as (keyof T & string)[];
  return fields.filter((field) => {
    const [was, is] = [before[field], after[field]];
    return JSON.stringify(was) !== JSON.stringify(is) && strictness[field]?.(was, is) === true;
  });
}
