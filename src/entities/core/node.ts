import { Field, ID, InterfaceType } from "type-graphql";
import { PrimaryColumn } from "typeorm";

/** Base class of all objects with an id. Ids are version 7 UUIDs, unique across all types and sorted by creation time. */
@InterfaceType("Node", {
  description: "An object with an id. `Query.node` returns it by that id.",
  resolveType: nodeTypeName,
})
export abstract class Node {
  @Field(() => ID, { description: "A version 7 UUID, unique across all types." })
  @PrimaryColumn("text")
  id!: string;
}

/** Returns the name of the node's GraphQL object type. */
export function nodeTypeName(value: Node): string {
  return value.constructor.name;
}
