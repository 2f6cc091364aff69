import { Field, ObjectType } from "type-graphql";
import type { Build } from "../builds/build.js";
import { BlockerCode, Remedy, Stage } from "../core/enums.js";
import type { Node } from "../core/node.js";
import type { App } from "../pipelines/app.js";
import type { Coupling } from "../pipelines/coupling.js";
import type { Pipeline } from "../pipelines/pipeline.js";
import { CheckResult } from "./check-result.js";
import type { Release } from "./release.js";

@ObjectType({ description: "A reason why a promotion or release is blocked.", simpleResolvers: true })
export class Blocker {
  @Field(() => BlockerCode, { description: "The kind of blocker." })
  code!: BlockerCode;

  @Field(() => String, { description: "A human-readable explanation." })
  message!: string;

  /** The affected target; null if the blocker affects the whole promotion. */
  app!: App | null;

  @Field(() => String, {
    nullable: true,
    description: "The context of the affected check; null if the blocker is not about a check.",
  })
  context!: string | null;

  @Field(() => Boolean, { description: "Whether an administrator can override it with `force`." })
  overridable!: boolean;

  @Field(() => [Remedy], { description: "What can clear it; empty if nothing can." })
  remedies!: Remedy[];

  @Field(() => Date, {
    nullable: true,
    description: "When it clears by itself; null if it does not, or the time is not known.",
  })
  clearsAt!: Date | null;

  /** The object that causes it, for example a freeze, window, approval rule or status; null if there is none. */
  cause!: Node | null;
}

/** When the last of the blockers clears by itself; null without blockers, or if one of them has no such time. */
export function latestEnd(blockers: readonly Blocker[]): Date | null {
  // Not `Math.max(...times)`: a plan may have more blockers than a call can have arguments.
  let latest = Number.NEGATIVE_INFINITY;
  for (const { clearsAt } of blockers) latest = Math.max(latest, clearsAt?.getTime() ?? Number.POSITIVE_INFINITY);
  return Number.isFinite(latest) ? new Date(latest) : null;
}

@ObjectType({
  description: "How the config vars of a target differ from those of the source. All lists are sorted.",
  simpleResolvers: true,
})
export class ConfigDifference {
  @Field(() => [String], { description: "The keys that only the source has." })
  missing!: string[];

  @Field(() => [String], { description: "The keys that only the target has." })
  extra!: string[];

  @Field(() => [String], { description: "The keys with equal values." })
  same!: string[];

  @Field(() => [String], { description: "The keys with different values." })
  different!: string[];
}

@ObjectType({ description: "A target app of a planned promotion.", simpleResolvers: true })
export class PlannedTarget {
  coupling!: Coupling;

  app!: App;

  currentRelease!: Release | null;

  /**
   * The id of the source app, whose config is compared with the target's; null if the stage has no app with a release.
   */
  sourceId!: string | null;

  @Field(() => Boolean, {
    description: "Whether the app already runs the build, and no newer release of it is queued, deploying or failed.",
  })
  upToDate!: boolean;

  @Field(() => [CheckResult], { description: "The app's required checks and their results for the release." })
  checks!: CheckResult[];

  @Field(() => [Blocker], {
    description: "The reasons why the promotion to this app would be refused; empty if it would not be.",
  })
  blockers!: Blocker[];
}

@ObjectType({
  description: "A dry run of `promote` with the same input. Nothing is written.",
  simpleResolvers: true,
})
export class PromotionPlan {
  pipeline!: Pipeline;

  source!: App | null;

  release!: Release | null;

  /** The build of the release. In the API, it is a field of the release. */
  build!: Build | null;

  @Field(() => Stage, { description: "The source stage." })
  from!: Stage;

  @Field(() => Stage, { nullable: true, description: "The target stage; null if the source stage is PRODUCTION." })
  to!: Stage | null;

  @Field(() => [PlannedTarget], { description: "The target apps." })
  targets!: PlannedTarget[];

  @Field(() => [Blocker], {
    description: "All reasons why `promote` would be refused now; empty if it would succeed.",
  })
  blockers!: Blocker[];

  /** The blockers that `force` would bypass. */
  forcedPast: readonly Blocker[] = [];

  @Field(() => Boolean, { description: "Whether `promote` would succeed now." })
  get promotable(): boolean {
    return this.blockers.length === 0;
  }

  @Field(() => Boolean, {
    description:
      "Whether `promote` with `whenReady` would wait: it is blocked, and every blocker can be cleared without `force`.",
  })
  get wouldWait(): boolean {
    return !this.promotable && this.blockers.every(({ remedies }) => remedies.some((remedy) => remedy !== "FORCE"));
  }

  @Field(() => Date, {
    nullable: true,
    description: "When all blockers clear by themselves; null if they do not, or the time is not known.",
  })
  get clearsAt(): Date | null {
    return latestEnd(this.blockers);
  }
}
