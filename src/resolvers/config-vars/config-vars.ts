import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from "type-graphql";
import { rotateConfigKeys } from "../../domain/config-vars/rotate.js";
import { setConfig } from "../../domain/config-vars/set-config.js";
import { ConfigVar } from "../../entities/config-vars/config-var.js";
import { ConfigEvent } from "../../entities/history/config-event.js";
import { App } from "../../entities/pipelines/app.js";
import type { Context } from "../../schema/context.js";
import { RotateConfigKeysInput, SetConfigInput } from "../../schema/inputs/config-vars.js";
import { RotateConfigKeysPayload, SetConfigPayload } from "../../schema/payloads/payloads.js";
import { requiresRole } from "../../schema/roles.js";

@Resolver(() => ConfigVar)
export class ConfigVarResolver {
  @FieldResolver(() => String, {
    nullable: true,
    description:
      "The value. A secret is null unless the viewer is ADMIN or has a token with `readConfig`, and always null in subscriptions. Reading a secret raises a CONFIG_READ event.",
  })
  value(@Root() one: ConfigVar, @Ctx() ctx: Context): Promise<string | null> {
    return ctx.configValues.load(one);
  }

  @Mutation(() => SetConfigPayload, {
    nullable: true,
    description: `Sets and unsets config vars of an app. ${requiresRole("setConfig")}`,
  })
  setConfig(
    @Ctx() ctx: Context,
    @Arg("input", () => SetConfigInput, { description: "Input for setConfig." }) input: SetConfigInput,
  ): Promise<SetConfigPayload> {
    return ctx.mutate((ctx) => setConfig(ctx, input));
  }

  @Mutation(() => RotateConfigKeysPayload, {
    nullable: true,
    description: `Re-encrypts the keys of apps and pipelines with the first key of CONFIG_KEYS. Afterwards, the other keys are no longer needed. ${requiresRole("rotateConfigKeys")}`,
  })
  rotateConfigKeys(
    @Ctx() ctx: Context,
    @Arg("input", () => RotateConfigKeysInput, { description: "Input for rotateConfigKeys." })
    input: RotateConfigKeysInput,
  ): Promise<RotateConfigKeysPayload> {
    return ctx.mutate((ctx) => rotateConfigKeys(ctx, input));
  }
}

@Resolver(() => App)
export class AppConfigResolver {
  @FieldResolver(() => [ConfigVar], { description: "The config vars that are set, by key." })
  async config(
    @Root() { id }: App,
    @Ctx() ctx: Context,
    @Arg("keys", () => [String], { nullable: true, description: "Only config vars with these keys; all if omitted." })
    keys: readonly string[] | null,
  ): Promise<ConfigVar[]> {
    const vars = await ctx.loaders.configOfApp.load(id);
    return vars.filter((one) => one.fingerprint !== null && (keys == null || keys.includes(one.key)));
  }

  @FieldResolver(() => [String], {
    description:
      "The keys of the config vars that the app requires, whether set or not. Promotions to the app are blocked until all are set.",
  })
  async requiredConfig(@Root() { id }: App, @Ctx() ctx: Context): Promise<string[]> {
    return (await ctx.loaders.configOfApp.load(id)).filter((one) => one.required).map((one) => one.key);
  }
}

@Resolver(() => ConfigEvent)
export class ConfigEventResolver {
  @FieldResolver(() => App, { nullable: true, description: "The app in its current state; null if it was deleted." })
  async app(@Root() { detail }: ConfigEvent, @Ctx() ctx: Context): Promise<App | null> {
    const app = await ctx.loaders.referenced.app.load(detail.appId);
    return app?.deletedAt === null ? app : null;
  }
}
