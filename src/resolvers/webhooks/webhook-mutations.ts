import { Arg, Ctx, Mutation, Resolver } from "type-graphql";
import * as control from "../../domain/webhooks/control.js";
import * as requests from "../../domain/webhooks/requests.js";
import * as webhooks from "../../domain/webhooks/webhooks.js";
import type { Context } from "../../schema/context.js";
import * as inputs from "../../schema/inputs/webhooks.js";
import * as payloads from "../../schema/payloads/webhooks.js";
import { requiresRole } from "../../schema/roles.js";

/** Describes the argument of a mutation. */
const describeInput = (mutation: string) => ({ description: `Input for ${mutation}.` });

@Resolver()
export class WebhookMutationResolver {
  @Mutation(() => payloads.CreateWebhookPayload, {
    nullable: true,
    description: `Creates a webhook. It sends the events that are committed from now on, starting with its own creation. It sees what the token sees, and stops when the token is revoked. ${requiresRole("createWebhook")}`,
  })
  createWebhook(
    @Ctx() ctx: Context,
    @Arg("input", () => inputs.CreateWebhookInput, describeInput("createWebhook")) input: inputs.CreateWebhookInput,
  ): Promise<payloads.CreateWebhookPayload> {
    return ctx.mutate((ctx) => webhooks.createWebhook(ctx, input));
  }

  @Mutation(() => payloads.UpdateWebhookPayload, {
    nullable: true,
    description: `Updates a webhook. Its cursor does not move. ${requiresRole("updateWebhook")}`,
  })
  async updateWebhook(
    @Ctx() ctx: Context,
    @Arg("input", () => inputs.UpdateWebhookInput, describeInput("updateWebhook")) input: inputs.UpdateWebhookInput,
  ): Promise<payloads.UpdateWebhookPayload> {
    return { webhook: await ctx.mutate((ctx) => webhooks.updateWebhook(ctx, input)) };
  }

  @Mutation(() => payloads.DeleteWebhookPayload, {
    nullable: true,
    description: `Deletes a webhook and its deliveries. ${requiresRole("deleteWebhook")}`,
  })
  async deleteWebhook(
    @Ctx() ctx: Context,
    @Arg("input", () => inputs.DeleteWebhookInput, describeInput("deleteWebhook")) input: inputs.DeleteWebhookInput,
  ): Promise<payloads.DeleteWebhookPayload> {
    return { deletedWebhookId: (await ctx.mutate((ctx) => webhooks.deleteWebhook(ctx, input))).id };
  }

  @Mutation(() => payloads.PauseWebhookPayload, {
    nullable: true,
    description: `Pauses a webhook: it sends nothing until it is resumed. ${requiresRole("pauseWebhook")}`,
  })
  async pauseWebhook(
    @Ctx() ctx: Context,
    @Arg("input", () => inputs.PauseWebhookInput, describeInput("pauseWebhook")) input: inputs.PauseWebhookInput,
  ): Promise<payloads.PauseWebhookPayload> {
    return { webhook: await ctx.mutate((ctx) => control.pauseWebhook(ctx, input)) };
  }

  @Mutation(() => payloads.ResumeWebhookPayload, {
    nullable: true,
    description: `Resumes a webhook from its cursor, in any state, without waiting for the next retry. If the token that created the webhook was revoked or has expired, the webhook gets the rights of this token. ${requiresRole("resumeWebhook")}`,
  })
  async resumeWebhook(
    @Ctx() ctx: Context,
    @Arg("input", () => inputs.ResumeWebhookInput, describeInput("resumeWebhook")) input: inputs.ResumeWebhookInput,
  ): Promise<payloads.ResumeWebhookPayload> {
    return { webhook: await ctx.mutate((ctx) => control.resumeWebhook(ctx, input)) };
  }

  @Mutation(() => payloads.RotateWebhookSecretPayload, {
    nullable: true,
    description: `Creates a new signing secret. For the time of \`overlap\`, requests are signed with both secrets. ${requiresRole("rotateWebhookSecret")}`,
  })
  rotateWebhookSecret(
    @Ctx() ctx: Context,
    @Arg("input", () => inputs.RotateWebhookSecretInput, describeInput("rotateWebhookSecret"))
    input: inputs.RotateWebhookSecretInput,
  ): Promise<payloads.RotateWebhookSecretPayload> {
    return ctx.mutate((ctx) => control.rotateWebhookSecret(ctx, input));
  }

  @Mutation(() => payloads.RewindWebhookPayload, {
    nullable: true,
    description: `Moves the cursor of a webhook: back to send events again, or ahead to skip some. ${requiresRole("rewindWebhook")}`,
  })
  async rewindWebhook(
    @Ctx() ctx: Context,
    @Arg("input", () => inputs.RewindWebhookInput, describeInput("rewindWebhook")) input: inputs.RewindWebhookInput,
  ): Promise<payloads.RewindWebhookPayload> {
    return { webhook: await ctx.mutate((ctx) => control.rewindWebhook(ctx, input)) };
  }

  @Mutation(() => payloads.RedeliverPayload, {
    nullable: true,
    description: `Sends the event of a delivery again immediately, and returns the result. The cursor does not move. ${requiresRole("redeliver")}`,
  })
  async redeliver(
    @Ctx() ctx: Context,
    @Arg("input", () => inputs.RedeliverInput, describeInput("redeliver")) input: inputs.RedeliverInput,
  ): Promise<payloads.RedeliverPayload> {
    return { delivery: await ctx.mutate((ctx) => requests.redeliver(ctx, input)) };
  }

  @Mutation(() => payloads.TestWebhookPayload, {
    nullable: true,
    description: `Sends a test request immediately, and returns the result. ${requiresRole("testWebhook")}`,
  })
  async testWebhook(
    @Ctx() ctx: Context,
    @Arg("input", () => inputs.TestWebhookInput, describeInput("testWebhook")) input: inputs.TestWebhookInput,
  ): Promise<payloads.TestWebhookPayload> {
    return { delivery: await ctx.mutate((ctx) => requests.testWebhook(ctx, input)) };
  }
}
