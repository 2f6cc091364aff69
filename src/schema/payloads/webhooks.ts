import { Field, ID, ObjectType } from "type-graphql";
import { Webhook } from "../../entities/webhooks/webhook.js";
import { WebhookDelivery } from "../../entities/webhooks/webhook-delivery.js";

/* The payload types of the mutations of webhooks; see `payloads.ts`. */

@ObjectType({ simpleResolvers: true })
class WebhookPayload {
  @Field(() => Webhook, { description: "The webhook after the mutation." })
  webhook!: Webhook;
}

@ObjectType({ description: "The webhook that was created, and its signing secret.", simpleResolvers: true })
export class CreateWebhookPayload extends WebhookPayload {
  @Field(() => String, { description: "The signing secret. It is shown only once." })
  secret!: string;
}

@ObjectType({ description: "The webhook that was updated.", simpleResolvers: true })
export class UpdateWebhookPayload extends WebhookPayload {}

@ObjectType({ description: "The webhook that was paused.", simpleResolvers: true })
export class PauseWebhookPayload extends WebhookPayload {}

@ObjectType({ description: "The webhook that was resumed.", simpleResolvers: true })
export class ResumeWebhookPayload extends WebhookPayload {}

@ObjectType({ description: "The webhook with its new signing secret.", simpleResolvers: true })
export class RotateWebhookSecretPayload extends WebhookPayload {
  @Field(() => String, { description: "The new signing secret. It is shown only once." })
  secret!: string;
}

@ObjectType({ description: "The webhook whose cursor was moved.", simpleResolvers: true })
export class RewindWebhookPayload extends WebhookPayload {}

@ObjectType({ description: "Identifies the webhook that was deleted.", simpleResolvers: true })
export class DeleteWebhookPayload {
  @Field(() => ID, { description: "The id of the deleted webhook." })
  deletedWebhookId!: string;
}

@ObjectType({ simpleResolvers: true })
class DeliveryPayload {
  @Field(() => WebhookDelivery, { description: "The result of the request." })
  delivery!: WebhookDelivery;
}

@ObjectType({ description: "The request that was sent again.", simpleResolvers: true })
export class RedeliverPayload extends DeliveryPayload {}

@ObjectType({ description: "The test request that was sent.", simpleResolvers: true })
export class TestWebhookPayload extends DeliveryPayload {}
