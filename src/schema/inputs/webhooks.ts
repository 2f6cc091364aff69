import { Field, ID, InputType } from "type-graphql";
import type * as control from "../../domain/webhooks/control.js";
import type * as domain from "../../domain/webhooks/webhooks.js";
import { Duration, Url } from "../../entities/core/custom-scalars.js";
import { WebhookFormat } from "../../entities/core/enums.js";
import { EventCursor } from "../../entities/history/event-cursor.js";
import { EventType } from "../../entities/history/event-type.js";
import { requiresRole } from "../roles.js";

const WEBHOOK = { description: "The webhook, by id or name." } as const;
const ADDRESS =
  "The URL that events are sent to: https and a public host, at most 2,048 characters. The settings WEBHOOK_ALLOW_HTTP and WEBHOOK_NETWORKS allow more.";

@InputType({ description: "Input for createWebhook." })
export class CreateWebhookInput implements domain.CreateWebhookInput {
  @Field(() => String, { description: "A unique name, in the format of an app's name." })
  name!: string;

  @Field(() => Url, { description: ADDRESS })
  url!: string;

  @Field(() => WebhookFormat, {
    nullable: true,
    defaultValue: WebhookFormat.RAILYARD,
    description: "The format of the request bodies.",
  })
  format?: WebhookFormat | null;

  @Field(() => [EventType], { nullable: true, description: "The types of events to send; all if omitted." })
  types?: EventType[] | null;

  @Field(() => [ID], {
    nullable: true,
    description: `The pipelines whose events to send, by id or name, 1 to 100. If omitted, the pipelines that the token is restricted to, or all events. ${requiresRole("manageUnrestrictedWebhooks", "Sending all events")}`,
  })
  pipelines?: string[] | null;

  @Field(() => ID, { nullable: true, description: "The app whose events to send, by id or name; all if omitted." })
  app?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: true,
    description:
      "Whether to send one event at a time in log order. Otherwise up to eight are sent at the same time, and each is retried independently.",
  })
  ordered?: boolean | null;

  @Field(() => String, {
    nullable: true,
    description:
      "The signing secret: 16 to 64 visible ASCII characters, or `whsec_` and Base64. If omitted, a random secret is generated, which is recommended.",
  })
  secret?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      "The value of the `Authorization` header of the requests, for receivers that need one. Never returned.",
  })
  authorization?: string | null;
}

@InputType({ description: "Input for updateWebhook. Omitted fields stay unchanged." })
export class UpdateWebhookInput implements domain.UpdateWebhookInput {
  @Field(() => ID, WEBHOOK)
  webhook!: string;

  @Field(() => String, { nullable: true, description: "The new name." })
  name?: string | null;

  @Field(() => Url, { nullable: true, description: ADDRESS })
  url?: string | null;

  @Field(() => WebhookFormat, { nullable: true, description: "The format of the request bodies." })
  format?: WebhookFormat | null;

  @Field(() => [EventType], { nullable: true, description: "The types of events to send; null for all." })
  types?: EventType[] | null;

  @Field(() => [ID], {
    nullable: true,
    description: `The pipelines whose events to send, by id or name, 1 to 100; null for all events. ${requiresRole("manageUnrestrictedWebhooks", "Null")}`,
  })
  pipelines?: string[] | null;

  @Field(() => Boolean, {
    nullable: true,
    description:
      "Whether to send one event at a time in log order. If this is turned on, events after the first one that waits for a retry are sent again.",
  })
  ordered?: boolean | null;
}

@InputType({ description: "Input for deleteWebhook." })
export class DeleteWebhookInput {
  @Field(() => ID, WEBHOOK)
  webhook!: string;
}

@InputType({ description: "Input for pauseWebhook." })
export class PauseWebhookInput {
  @Field(() => ID, WEBHOOK)
  webhook!: string;
}

@InputType({ description: "Input for resumeWebhook." })
export class ResumeWebhookInput {
  @Field(() => ID, WEBHOOK)
  webhook!: string;
}

@InputType({ description: "Input for rotateWebhookSecret." })
export class RotateWebhookSecretInput implements control.RotateWebhookSecretInput {
  @Field(() => ID, WEBHOOK)
  webhook!: string;

  @Field(() => Duration, {
    nullable: true,
    defaultValue: "24h",
    description: "How long requests are also signed with the previous secret: `0s` to `30d`.",
  })
  overlap?: string | null;
}

@InputType({ description: "Input for rewindWebhook. Give either `to` or `since`." })
export class RewindWebhookInput implements control.RewindWebhookInput {
  @Field(() => ID, WEBHOOK)
  webhook!: string;

  @Field(() => EventCursor, { nullable: true, description: "The cursor after which to continue." })
  to?: string | null;

  @Field(() => Date, { nullable: true, description: "The time of the first event to send." })
  since?: Date | null;
}

@InputType({ description: "Input for redeliver." })
export class RedeliverInput {
  @Field(() => ID, { description: "The delivery, by id." })
  delivery!: string;
}

@InputType({ description: "Input for testWebhook." })
export class TestWebhookInput {
  @Field(() => ID, WEBHOOK)
  webhook!: string;
}
