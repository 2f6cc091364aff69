import { Ctx, FieldResolver, Resolver, Root } from "type-graphql";
import { compareConfig, toAppConfig } from "../../domain/config-vars/parity.js";
import { Node } from "../../entities/core/node.js";
import { App } from "../../entities/pipelines/app.js";
import { Coupling } from "../../entities/pipelines/coupling.js";
import { Pipeline } from "../../entities/pipelines/pipeline.js";
import { Blocker, ConfigDifference, PlannedTarget, PromotionPlan } from "../../entities/releases/plan.js";
import { Release } from "../../entities/releases/release.js";
import type { Context } from "../../schema/context.js";

/* A plan is computed completely, including its rows. These resolvers only declare the types of the fields. */

@Resolver(() => PromotionPlan)
export class PlanResolver {
  @FieldResolver(() => Pipeline, { description: "The pipeline." })
  pipeline(@Root() { pipeline }: PromotionPlan): Pipeline {
    return pipeline;
  }

  @FieldResolver(() => App, {
    nullable: true,
    description: "The source app; null if the stage has no app with a release.",
  })
  source(@Root() { source }: PromotionPlan): App | null {
    return source;
  }

  @FieldResolver(() => Release, {
    nullable: true,
    description: "The release that would be promoted; null if the source has no release to promote.",
  })
  release(@Root() { release }: PromotionPlan): Release | null {
    return release;
  }
}

@Resolver(() => PlannedTarget)
export class PlannedTargetResolver {
  @FieldResolver(() => Coupling, { description: "The target app's place in the pipeline." })
  coupling(@Root() { coupling }: PlannedTarget): Coupling {
    return coupling;
  }

  @FieldResolver(() => App, { description: "The target app." })
  app(@Root() { app }: PlannedTarget): App {
    return app;
  }

  @FieldResolver(() => Release, {
    nullable: true,
    description: "The release that the app runs now; null if it runs nothing.",
  })
  currentRelease(@Root() { currentRelease }: PlannedTarget): Release | null {
    return currentRelease;
  }

  @FieldResolver(() => ConfigDifference, {
    description: "How the target's config vars differ from the source's; empty lists if there is no source.",
  })
  async config(@Root() { app, sourceId }: PlannedTarget, @Ctx() ctx: Context): Promise<ConfigDifference> {
    const { configOfApp } = ctx.loaders;
    const ids = sourceId === null ? [] : [sourceId, app.id];
    const [source = [], target = []] = await Promise.all(ids.map((id) => configOfApp.load(id)));
    return compareConfig(toAppConfig(source), toAppConfig(target));
  }
}

@Resolver(() => Blocker)
export class BlockerResolver {
  @FieldResolver(() => App, {
    nullable: true,
    description: "The affected target; null if the blocker affects the whole promotion.",
  })
  app(@Root() { app }: Blocker): App | null {
    return app;
  }

  @FieldResolver(() => Node, {
    nullable: true,
    description: "The freeze, window, approval rule, status or quarantine that causes it; null if no such object does.",
  })
  cause(@Root() { cause }: Blocker): Node | null {
    return cause;
  }
}
