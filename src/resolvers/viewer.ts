import { Ctx, Query, Resolver } from "type-graphql";
import { Viewer } from "../entities/token.js";
import type { Context } from "../schema/context.js";

@Resolver()
export class ViewerResolver {
  @Query(() => Viewer, { description: "Who the request's token belongs to." })
  viewer(@Ctx() ctx: Context): Viewer {
    return ctx.viewer;
  }
}
