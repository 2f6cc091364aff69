import { v7 } from "uuid";

/** A new id: a UUID of version 7, which sorts behind every one that this process made before. */
export function newId(): string {
  return v7();
}
