import { defaultFieldResolver, type GraphQLSchema, isInterfaceType, isObjectType } from "graphql";
import { type Node, typeOfNode } from "../entities/core/node.js";
import { type LogEvent, typeOfEvent } from "../entities/history/event.js";
import { LAZY } from "./connections.js";

/** What tells the object type of a value, by the interface. */
const TYPE_RESOLVERS: Readonly<Record<string, (value: unknown) => string>> = {
  Event: (value) => typeOfEvent(value as LogEvent),
  Node: (value) => typeOfNode(value as Node),
};

/** Says in the plainest way what code that is made of a document relies on, and graphql would find out by itself. */
export function addJitHints(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    const typeOf = isInterfaceType(type) ? TYPE_RESOLVERS[type.name] : undefined;
    // type-graphql makes a promise of each name.
    if (isInterfaceType(type) && typeOf !== undefined) type.resolveType = typeOf;
    if (!isObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      // A function is called only where there is a resolver.
      if (field.extensions.lazy === LAZY.lazy) field.resolve = defaultFieldResolver;
    }
  }
}
