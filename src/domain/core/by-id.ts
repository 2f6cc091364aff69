/** Rows by their ids. */
export async function byId<T extends { readonly id: string }>(rows: Promise<readonly T[]>): Promise<Map<string, T>> {
  return new Map((await rows).map((row) => [row.id, row]));
}
