import { Field, ID, InterfaceType } from "type-graphql";
import { PrimaryColumn } from "typeorm";

/**
 * Base class of objects with an id. The id of a row is a version 7 UUID. Events are identified by their cursors, the
 * stages of a pipeline by the pipeline and the stage, and webhook deliveries by GitHub's id.
 */
@InterfaceType("Node", {
  description: "An object with an id. `Query.node` returns it by that id.",
  resolveType: nodeTypeName,
})
export abstract class Node {
  @Field(() => ID, { description: "The object's id, opaque and unique across all types." })
  @PrimaryColumn("text")
  id!: string;
}

/** Returns the name of the node's GraphQL object type. */
export function nodeTypeName(value: Node): string {
  return value.constructor.name;
}
