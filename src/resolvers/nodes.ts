import { Arg, Ctx, ID, Query, Resolver } from "type-graphql";
import { checkNodeIds } from "../domain/core/nodes.js";
import { Node } from "../entities/core/node.js";
import type { Context } from "../schema/context.js";
import { loadNode } from "./relations.js";

@Resolver()
export class NodeResolver {
  @Query(() => Node, {
    nullable: true,
    description: "Finds an object of any type by its id; null if it does not exist.",
  })
  node(
    @Ctx() ctx: Context,
    @Arg("id", () => ID, { description: "The object's id." }) id: string,
  ): Promise<Node | null> {
    return loadNode(ctx, id);
  }

  @Query(() => [Node], {
    nullable: "items",
    description: "Finds objects of any type by their ids, in the same order; null for an id that does not exist.",
  })
  nodes(
    @Ctx() ctx: Context,
    @Arg("ids", () => [ID], { description: "The ids, at most 100." }) ids: string[],
  ): Promise<(Node | null)[]> {
    checkNodeIds(ids);
    return Promise.all(ids.map((id) => loadNode(ctx, id)));
  }
}
