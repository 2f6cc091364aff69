import { Ctx, FieldResolver, Query, Resolver, Root } from "type-graphql";
import { Viewer } from "../../entities/access/token.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import type { Context } from "../../schema/context.js";
import { loadLivePipelines } from "../relations.js";

@Resolver(() => Viewer)
export class ViewerResolver {
  @Query(() => Viewer, { description: "The authenticated caller of this request." })
  viewer(@Ctx() ctx: Context): Viewer {
    return ctx.viewer;
  }

  @FieldResolver(() => [Pipeline], {
    nullable: true,
    description: "The pipelines this token is restricted to, without deleted ones; null if unrestricted.",
  })
  pipelines(@Root() { scope }: Viewer, @Ctx() ctx: Context): Promise<Pipeline[] | null> {
    return loadLivePipelines(ctx, scope);
  }
}
