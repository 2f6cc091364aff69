import { Arg, Ctx, ID, Query, Resolver } from "type-graphql";
import { findNode } from "../domain/core/nodes.js";
import { Node } from "../entities/core/node.js";
import type { Context } from "../schema/context.js";

@Resolver()
export class NodeResolver {
  @Query(() => Node, { nullable: true, description: "Finds an object of any type by its id; null if there is none." })
  node(
    @Ctx() ctx: Context,
    @Arg("id", () => ID, { description: "The object's id." }) id: string,
  ): Promise<Node | null> {
    return findNode(ctx, id);
  }
}
