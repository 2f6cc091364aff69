import { defaultFieldResolver, type GraphQLSchema, isInterfaceType, isObjectType } from "graphql";
import { type Node, nodeTypeName } from "../entities/core/node.js";
import type { LogEvent } from "../entities/history/event.js";
import { eventTypeName } from "../entities/history/event-class.js";
import { LAZY } from "./connections.js";

/** Resolves the object type of a value, by interface. */
const TYPE_RESOLVERS: Readonly<Record<string, (value: unknown) => string>> = {
  Event: (value) => eventTypeName(value as LogEvent),
  Node: (value) => nodeTypeName(value as Node),
};

/** Sets the resolvers that graphql-jit needs explicitly and graphql-js would infer. */
export function addJitHints(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    const resolveType = isInterfaceType(type) ? TYPE_RESOLVERS[type.name] : undefined;
    // Synchronous: type-graphql's own resolver returns a promise for each name.
    if (isInterfaceType(type) && resolveType !== undefined) type.resolveType = resolveType;
    if (!isObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      // graphql-jit calls a function value only if the field has a resolver.
      if (field.extensions.lazy === LAZY.lazy) field.resolve = defaultFieldResolver;
    }
  }
}
