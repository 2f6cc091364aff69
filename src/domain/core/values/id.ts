import { v7 } from "uuid";

/** A new id: a UUID of version 7, which sorts after all earlier ones of this process. */
export function newId(): string {
  return v7();
}
