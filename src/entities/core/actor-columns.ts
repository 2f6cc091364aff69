import type { Actor } from "./actor.js";

/** The columns of an actor, with the prefix that names its part in the row: `createdByName`, `createdByRole` … */
export type ActorColumns<Prefix extends string> = {
  [Field in keyof Actor as `${Prefix}${Capitalize<Field>}`]: Actor[Field];
};

/** @param prefix the actor's part in the row, for example `createdBy` */
export function toActorColumns<Prefix extends string>(prefix: Prefix, actor: Actor): ActorColumns<Prefix> {
  return {
    [`${prefix}Name`]: actor.name,
    [`${prefix}Role`]: actor.role,
    [`${prefix}Subject`]: actor.subject,
    [`${prefix}Person`]: actor.person,
  } as ActorColumns<Prefix>;
}

/** The same columns for an optional actor. */
export type OptionalActorColumns<Prefix extends string> = {
  [Column in keyof ActorColumns<Prefix>]: ActorColumns<Prefix>[Column] | null;
};

/** The actor in the columns of a row; null if they are empty. */
export function fromActorColumns<Prefix extends string>(
  prefix: Prefix,
  row: OptionalActorColumns<Prefix>,
): Actor | null {
  const columns = row as Readonly<Record<string, unknown>>;
  const [name, role, subject, person] = ["Name", "Role", "Subject", "Person"].map(
    (part) => columns[`${prefix}${part}`],
  );
  return name === null ? null : ({ name, role, subject, person } as Actor);
}

/** The columns for no actor: all null. */
export function noActorColumns<Prefix extends string>(prefix: Prefix): OptionalActorColumns<Prefix> {
  const entries = ["Name", "Role", "Subject", "Person"].map((part) => [`${prefix}${part}`, null]);
  return Object.fromEntries(entries) as OptionalActorColumns<Prefix>;
}

/** Identifies an actor when people are counted: two tokens of one person count as one. Null for automation. */
export function identify({ person, subject }: Pick<Actor, "person" | "subject">): string | null {
  return person === null ? subject && `subject ${subject}` : `person ${person}`;
}
