import type { EventFacts } from "../facts.js";

/** The body of a request, and the headers that belong to it. */
export interface Content {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A test message, independent of the format. */
export interface TestFacts {
  readonly id: string;
  readonly now: Date;
  readonly summary: string;
}

/** A format of request bodies. */
export interface Format {
  /** The types of events that it supports; null for all. */
  readonly types: readonly string[] | null;
  /** @returns null if it leaves the event out */
  event(facts: EventFacts, publicUrl: string | null): Content | null;
  test(facts: TestFacts, publicUrl: string | null): Content;
}
