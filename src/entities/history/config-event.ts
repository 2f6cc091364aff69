import { Field, Int, ObjectType } from "type-graphql";
import { LogEvent } from "./event.js";

@ObjectType({
  implements: LogEvent,
  description: "Config vars of an app were changed or read. It contains keys, never values.",
  simpleResolvers: true,
})
export class ConfigEvent extends LogEvent {
  declare detail: { appId: string; appName: string; keys: readonly string[]; configVersion: number };

  @Field(() => String, { description: "The app's name at the time of the event." })
  get appName(): string {
    return this.detail.appName;
  }

  @Field(() => [String], { description: "The keys that were changed or read, sorted." })
  get keys(): readonly string[] {
    return this.detail.keys;
  }

  @Field(() => Int, {
    description: "The version of the app's config that the change created, or that was read.",
  })
  get configVersion(): number {
    return this.detail.configVersion;
  }
}
