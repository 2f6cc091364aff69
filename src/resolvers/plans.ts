import { FieldResolver, Resolver, Root } from "type-graphql";
import { App } from "../entities/pipelines/app.js";
import { Coupling } from "../entities/pipelines/coupling.js";
import { Pipeline } from "../entities/pipelines/pipeline.js";
import { Blocker, PlannedTarget, PromotionPlan } from "../entities/releases/plan.js";
import { Release } from "../entities/releases/release.js";

/* A plan is worked out whole, with the rows that it names: these fields only give them their types. */

@Resolver(() => PromotionPlan)
export class PlanResolver {
  @FieldResolver(() => Pipeline, { description: "The pipeline." })
  pipeline(@Root() { pipeline }: PromotionPlan): Pipeline {
    return pipeline;
  }

  @FieldResolver(() => App, {
    nullable: true,
    description: "The source app. Null where the stage holds no app that could be promoted.",
  })
  source(@Root() { source }: PromotionPlan): App | null {
    return source;
  }

  @FieldResolver(() => Release, { nullable: true, description: "The release that would be promoted, if there is one." })
  release(@Root() { release }: PromotionPlan): Release | null {
    return release;
  }
}

@Resolver(() => PlannedTarget)
export class PlannedTargetResolver {
  @FieldResolver(() => Coupling, { description: "Where the app stands." })
  coupling(@Root() { coupling }: PlannedTarget): Coupling {
    return coupling;
  }

  @FieldResolver(() => App, { description: "The app." })
  app(@Root() { app }: PlannedTarget): App {
    return app;
  }

  @FieldResolver(() => Release, { nullable: true, description: "What the app runs now." })
  currentRelease(@Root() { currentRelease }: PlannedTarget): Release | null {
    return currentRelease;
  }
}

@Resolver(() => Blocker)
export class BlockerResolver {
  @FieldResolver(() => App, {
    nullable: true,
    description: "The target that it concerns; null where it concerns the whole promotion.",
  })
  app(@Root() { app }: Blocker): App | null {
    return app;
  }
}
