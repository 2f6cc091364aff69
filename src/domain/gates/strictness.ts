/*
 * Whether a change makes a gate stricter or looser. Tightening requires the OPERATOR role, loosening the ADMIN role. A
 * change that does both, or that cannot be compared, counts as loosening.
 */

/** Whether `after` may let through something that `before` blocked. The values differ. */
type IsLooser<V> = (before: V, after: V) => boolean;

/**
 * For each field of a gate, whether a change loosens it. A field that is left out, for example a name, never loosens.
 */
export type Strictness<T extends object> = { readonly [K in keyof T]?: IsLooser<T[K]> };

/** Larger is stricter; null requires nothing. */
export const largerIsStricter: IsLooser<number | null> = (before, after) => (after ?? 0) < (before ?? 0);

/** Smaller is stricter; null limits nothing. */
export const smallerIsStricter: IsLooser<number | null> = (before, after) =>
  (after ?? Number.POSITIVE_INFINITY) > (before ?? Number.POSITIVE_INFINITY);

/** Later is stricter; null means never, which is the strictest. */
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
 * @param before the current gate
 * @param after the gate after the change
 */
export function findLoosened<T extends object>(strictness: Strictness<T>, before: T, after: T): (keyof T & string)[] {
  const fields = Object.keys(strictness) as (keyof T & string)[];
  return fields.filter((field) => {
    const [was, is] = [before[field], after[field]];
    return JSON.stringify(was) !== JSON.stringify(is) && strictness[field]?.(was, is) === true;
  });
}
