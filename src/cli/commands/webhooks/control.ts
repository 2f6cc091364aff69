import type { Command } from "commander";
import {
  DeliveriesOfWebhookDocument,
  PauseWebhookDocument,
  RedeliverDocument,
  ResumeWebhookDocument,
  RewindWebhookDocument,
  RotateWebhookSecretDocument,
  TestWebhookDocument,
  type WebhookDeliveryFragment,
} from "../../api/generated.js";
import { collect } from "../../api/references.js";
import { define, limitOption, option } from "../../command.js";
import { EXIT, notFound, wrongUsage } from "../../exit.js";
import { singleLine } from "../../output/format.js";
import { noteMore } from "../../output/lists.js";
import type { Screen } from "../../output/screen.js";
import { describeWebhook, printWebhook } from "./webhooks.js";

export function addWebhookControl(program: Command): void {
  define(
    program,
    {
      usage: "webhooks:pause <webhook>",
      about: "Stop sending until the webhook is resumed; nothing is lost",
      examples: ["webhooks:pause audit"],
    },
    async ({ api, args: [webhook = ""] }) =>
      describeWebhook((await api.run(PauseWebhookDocument, { input: { webhook } })).pauseWebhook.webhook),
  );

  define(
    program,
    {
      usage: "webhooks:resume <webhook>",
      about: "Send again from the cursor on, without waiting for the next retry",
      examples: ["webhooks:resume audit"],
    },
    async ({ api, args: [webhook = ""] }) =>
      describeWebhook((await api.run(ResumeWebhookDocument, { input: { webhook } })).resumeWebhook.webhook),
  );

  define<{ overlap?: string }>(
    program,
    {
      usage: "webhooks:rotate <webhook>",
      about: "Make a new signing secret, which is shown only once",
      examples: ["webhooks:rotate audit", "webhooks:rotate audit --overlap 0s"],
      options: [option("--overlap <duration>", "how long to sign with the previous secret too; 24h if omitted")],
    },
    async ({ api, args: [webhook = ""], options: { overlap } }) => {
      const { rotateWebhookSecret } = await api.run(RotateWebhookSecretDocument, { input: { webhook, overlap } });
      return {
        document: rotateWebhookSecret,
        text: (screen) => printWebhook(screen, rotateWebhookSecret.webhook, [["secret", rotateWebhookSecret.secret]]),
      };
    },
  );

  define<{ to?: string; since?: string }>(
    program,
    {
      usage: "webhooks:rewind <webhook>",
      about: "Move the cursor of a webhook, to send events again",
      examples: ["webhooks:rewind audit --since 2026-03-01T12:00:00Z", "webhooks:rewind audit --to ZXZlbnQ6NDI"],
      options: [
        option("--since <time>", "the time of the first event to send"),
        option("--to <cursor>", "the cursor after which to continue; one that is ahead leaves events out"),
      ],
    },
    async ({ api, args: [webhook = ""], options: { to, since } }) => {
      if ((to === undefined) === (since === undefined)) throw wrongUsage("Specify either --since or --to.");
      const at = since === undefined ? undefined : new Date(since);
      if (Number.isNaN(at?.getTime()))
        throw wrongUsage(`--since must be a time, for example 2026-03-01T12:00:00Z; got "${since}".`);
      const { rewindWebhook } = await api.run(RewindWebhookDocument, {
        input: { webhook, to, since: at?.toISOString() },
      });
      return describeWebhook(rewindWebhook.webhook);
    },
  );

  define<{ failed?: boolean; limit: number }>(
    program,
    {
      usage: "webhooks:deliveries <webhook>",
      about: "List what a webhook sent in the past 30 days, newest first",
      examples: ["webhooks:deliveries audit", "webhooks:deliveries audit --failed --limit 100"],
      notes: ["Columns in a pipe: id, time, event, attempt, status, milliseconds, next attempt, problem."],
      options: [option("--failed", "only those that failed"), limitOption(25)],
    },
    async ({ api, screen, args: [webhook = ""], options: { failed, limit } }) => {
      const { nodes, more } = await collect(async (page) => {
        const result = await api.run(DeliveriesOfWebhookDocument, { webhook, failed: failed ?? null, ...page });
        if (result.webhook === null) throw notFound(`webhook "${webhook}"`);
        return result.webhook.list;
      }, limit);
      return {
        document: nodes,
        text: async () => {
          await screen.table(
            [
              { title: "Delivery", value: (one) => one.id, narrow: "whole" },
              { title: "Sent", value: (one) => one.sentAt, shown: (one) => screen.time(one.sentAt) },
              { title: "Event", value: (one) => one.event?.type ?? "" },
              { title: "Attempt", value: (one) => String(one.attempt), narrow: "left out" },
              { title: "Status", value: (one) => String(one.statusCode ?? "") },
              { title: "ms", value: (one) => String(one.duration), narrow: "left out" },
              {
                title: "Next attempt",
                value: (one) => one.nextAttemptAt ?? "",
                shown: (one) => screen.time(one.nextAttemptAt),
                narrow: "left out",
              },
              { title: "Problem", value: (one) => singleLine(one.problem ?? "") },
            ],
            nodes,
            "No deliveries.",
          );
          noteMore(screen, more, limit);
        },
      };
    },
  );

  define(
    program,
    {
      usage: "webhooks:redeliver <delivery>",
      about: "Send the event of a delivery again now",
      examples: ["webhooks:redeliver 019ab3c4-5d6e-7f80-9123-456789abcdef"],
      notes: ["Exits with 1 if the request fails."],
    },
    async ({ api, args: [delivery = ""] }) =>
      describeDelivery((await api.run(RedeliverDocument, { input: { delivery } })).redeliver.delivery),
  );

  define(
    program,
    {
      usage: "webhooks:test <webhook>",
      about: "Send a test now, and show what came of it",
      examples: ["webhooks:test audit"],
      notes: ["Exits with 1 if the request fails."],
    },
    async ({ api, args: [webhook = ""] }) =>
      describeDelivery((await api.run(TestWebhookDocument, { input: { webhook } })).testWebhook.delivery),
  );
}

function describeDelivery(delivery: WebhookDeliveryFragment) {
  const { id, statusCode, duration, responseStart, problem } = delivery;
  return {
    document: delivery,
    ...(problem !== null && { exit: EXIT.refused }),
    text: (screen: Screen) =>
      screen.pairs([
        ["delivery", id],
        ["status", String(statusCode ?? "none")],
        ["duration", `${duration} ms`],
        ["response", singleLine(responseStart ?? "")],
        ["problem", singleLine(problem ?? "")],
      ]),
  };
}
