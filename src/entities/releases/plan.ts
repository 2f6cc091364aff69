import { Field, ObjectType } from "type-graphql";
import { BlockerCode, Stage } from "../core/enums.js";
import type { App } from "../pipelines/app.js";
import type { Coupling } from "../pipelines/coupling.js";
import type { Pipeline } from "../pipelines/pipeline.js";
import { CheckResult } from "./promotion.js";
import type { Release } from "./release.js";

@ObjectType({ description: "One reason for which a promotion is refused.", simpleResolvers: true })
export class Blocker {
  @Field(() => BlockerCode, { description: "What kind of reason it is." })
  code!: BlockerCode;

  @Field(() => String, { description: "One sentence that says what is missing." })
  message!: string;

  /** The target that it concerns; null where it concerns the whole promotion. */
  app!: App | null;

  @Field(() => String, { nullable: true, description: "The check that it concerns." })
  context!: string | null;

  @Field(() => Boolean, { description: "Whether elevated access may force the promotion past it." })
  overridable!: boolean;
}

@ObjectType({ description: "One app that a promotion would go to.", simpleResolvers: true })
export class PlannedTarget {
  coupling!: Coupling;

  app!: App;

  currentRelease!: Release | null;

  @Field(() => Boolean, { description: "Whether the app already runs the build." })
  upToDate!: boolean;

  @Field(() => [CheckResult], { description: "The app's required checks, held against the release." })
  checks!: CheckResult[];

  @Field(() => [Blocker], { description: "What holds the promotion back from this app." })
  blockers!: Blocker[];
}

@ObjectType({
  description: "What `promote` would do with the same input, worked out without writing anything.",
  simpleResolvers: true,
})
export class PromotionPlan {
  pipeline!: Pipeline;

  source!: App | null;

  release!: Release | null;

  @Field(() => Stage, { description: "The stage that it would be promoted out of." })
  from!: Stage;

  @Field(() => Stage, { nullable: true, description: "The stage that it would go to; null behind production." })
  to!: Stage | null;

  @Field(() => [PlannedTarget], { description: "The apps that it would go to." })
  targets!: PlannedTarget[];

  @Field(() => [Blocker], {
    description: "Every reason for which `promote` would refuse now, complete; empty where it would not.",
  })
  blockers!: Blocker[];

  @Field(() => Boolean, { description: "Whether `promote` would go through now." })
  get promotable(): boolean {
    return this.blockers.length === 0;
  }
}
