import { Ctx, FieldResolver, Query, Resolver, Root } from "type-graphql";
import { Viewer } from "../entities/access/token.js";
import { Pipeline } from "../entities/pipelines/pipeline.js";
import type { Context } from "../schema/context.js";
import { pipelinesIn } from "./relations.js";

@Resolver(() => Viewer)
export class ViewerResolver {
  @Query(() => Viewer, { description: "Who the request's token belongs to." })
  viewer(@Ctx() ctx: Context): Viewer {
    return ctx.viewer;
  }

  @FieldResolver(() => [Pipeline], {
    nullable: true,
    description: "The pipelines outside of which it sees and does nothing; null where it is not limited.",
  })
  pipelines(@Root() { scope }: Viewer, @Ctx() ctx: Context): Promise<Pipeline[] | null> {
    return pipelinesIn(ctx, scope);
  }
}
