import type { Command } from "commander";
import {
  GITHUB_DELIVERY_OUTCOME_VALUES,
  type GithubDeliveryOutcome,
  WebhookDeliveriesDocument,
} from "../api/generated.js";
import { list } from "../api/references.js";
import { define, enumOption, limitOption, option } from "../command.js";
import { lower, singleLine } from "../output/format.js";
import { noteMore } from "../output/lists.js";

export function addGithub(program: Command): void {
  define<{ repository?: string; outcome?: GithubDeliveryOutcome; limit: number }>(
    program,
    {
      usage: "github:deliveries",
      about: "List webhook deliveries from GitHub; requires the ADMIN role",
      examples: ["github:deliveries", "github:deliveries --repository acme/shop --outcome pending"],
      notes: ["Columns in a pipe: id, event, action, repository, outcome, time, attempts, reason."],
      options: [
        option("-r, --repository <repository>", "only deliveries of this repository"),
        enumOption("--outcome <outcome>", "only deliveries with this outcome", GITHUB_DELIVERY_OUTCOME_VALUES),
        limitOption(25),
      ],
    },
    async ({ api, screen, options: { repository, outcome, limit } }) => {
      const { nodes, more } = await list(api, WebhookDeliveriesDocument, { repository, outcome }, limit);
      return {
        document: nodes,
        text: async () => {
          await screen.table(
            [
              { title: "Delivery", value: (one) => one.id, narrow: "whole", only: "ids" },
              { title: "Event", value: (one) => singleLine(one.event) },
              { title: "Action", value: (one) => singleLine(one.action ?? "") },
              { title: "Repository", value: (one) => one.repository ?? "", narrow: "left out" },
              { title: "Outcome", value: (one) => lower(one.outcome) },
              { title: "Received", value: (one) => one.receivedAt, shown: (one) => screen.time(one.receivedAt) },
              { title: "Attempts", value: (one) => String(one.attempts), narrow: "left out" },
              { title: "Reason", value: (one) => singleLine(one.message ?? "") },
            ],
            nodes,
            "No deliveries found. docs/github.md describes how to set up the webhook.",
          );
          noteMore(screen, more, limit);
        },
      };
    },
  );
}
