import { Arg, Ctx, ID, Query, Resolver } from "type-graphql";
import { findNode } from "../domain/core/nodes.js";
import { Node } from "../entities/core/node.js";
import type { Context } from "../schema/context.js";

@Resolver()
export class NodeResolver {
  @Query(() => Node, { nullable: true, description: "Whatever has this id; null where nothing has." })
  node(
    @Ctx() ctx: Context,
    @Arg("id", () => ID, { description: "An id, of any type." }) id: string,
  ): Promise<Node | null> {
    return findNode(ctx, id);
  }
}
