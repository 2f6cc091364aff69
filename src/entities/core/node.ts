import { Field, ID, InterfaceType } from "type-graphql";
import { PrimaryColumn } from "typeorm";

/** Whatever has an identity. Ids are UUIDs of version 7, unique across all types, and sort by the time they were made. */
@InterfaceType("Node", {
  description: "Whatever has an identity: an id finds it again through `node`.",
  resolveType: typeOfNode,
})
export abstract class Node {
  @Field(() => ID, { description: "A UUID (version 7), unique across all types." })
  @PrimaryColumn("text")
  id!: string;
}

/** The object type of what has an identity. */
export function typeOfNode(value: Node): string {
  return value.constructor.name;
}
