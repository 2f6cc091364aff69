import type { Command } from "commander";
import {
  CreateWebhookDocument,
  DeleteWebhookDocument,
  EVENT_TYPE_VALUES,
  type EventType,
  UpdateWebhookDocument,
  WEBHOOK_FORMAT_VALUES,
  WebhookDocument,
  type WebhookFormat,
  type WebhookFragment,
  WebhooksDocument,
} from "../../api/generated.js";
import { list } from "../../api/references.js";
import { define, enumOption, limitOption, listOption, option } from "../../command.js";
import { notFound, wrongUsage } from "../../exit.js";
import { lower, singleLine } from "../../output/format.js";
import type { Screen } from "../../output/screen.js";
import { type ConfirmOptions, confirm, yesOption } from "../../terminal/confirm.js";

interface Filters {
  readonly format?: WebhookFormat;
  readonly types?: string[];
  readonly pipelines?: string[];
}

const formatOption = () => enumOption("--format <format>", "the format of the requests", WEBHOOK_FORMAT_VALUES);
const typesOption = () =>
  listOption("-t, --types <type...>", "only events of these types, for example release_created");
const pipelinesOption = () => listOption("-p, --pipelines <pipeline...>", "only events of these pipelines");

export function addWebhooks(program: Command): void {
  define<{ limit?: number }>(
    program,
    {
      usage: "webhooks",
      about: "List webhooks; requires the OPERATOR role",
      examples: ["webhooks", "webhooks --json"],
      notes: ["Columns in a pipe: id, name, state, behind, format, pipelines (all if unrestricted), url, problem."],
      options: [limitOption(null)],
    },
    async ({ api, screen, options }) => {
      const { nodes } = await list(api, WebhooksDocument, {}, options.limit ?? Number.POSITIVE_INFINITY);
      return {
        document: nodes,
        text: () =>
          screen.table(
            [
              { title: "Webhook", value: (one) => one.id, narrow: "whole", only: "ids" },
              { title: "Name", value: (one) => one.name },
              { title: "State", value: (one) => one.state, shown: (one) => paintState(one, screen) },
              { title: "Behind", value: (one) => String(one.behind) },
              { title: "Format", value: (one) => lower(one.format), narrow: "left out" },
              { title: "Pipelines", value: formatScope },
              { title: "URL", value: (one) => singleLine(one.url), narrow: "left out" },
              { title: "Problem", value: (one) => singleLine(one.problem ?? "") },
            ],
            nodes,
            "No webhooks. Create one with `railyard webhooks:create NAME URL`.",
          ),
      };
    },
  );

  define<Filters & { app?: string; unordered?: boolean; secret?: string; authorization?: string }>(
    program,
    {
      usage: "webhooks:create <name> <url>",
      about: "Create a webhook; its signing secret is shown only once",
      examples: [
        "webhooks:create audit https://audit.example.com/railyard",
        "webhooks:create shop-chat https://hooks.slack.com/services/… --format slack --pipelines shop",
        "webhooks:create deploys https://example.com/hook -p shop,shop-api -t release_phase_changed --unordered",
      ],
      notes: ["docs/webhooks.md describes the requests, and shows a receiver."],
      options: [
        formatOption(),
        typesOption(),
        pipelinesOption(),
        option("-a, --app <app>", "only events of this app"),
        option("--unordered", "send up to eight events at a time, in any order"),
        option("--secret <secret>", "the signing secret; a random one if omitted"),
        option("--authorization <value>", "the Authorization header of the requests"),
      ],
    },
    async ({ api, args: [name = "", url = ""], options }) => {
      const { format, pipelines, app, unordered, secret, authorization } = options;
      const ordered = unordered !== true;
      const input = {
        name,
        url,
        format,
        types: eventTypes(options.types),
        pipelines,
        app,
        ordered,
        secret,
        authorization,
      };
      const { createWebhook } = await api.run(CreateWebhookDocument, { input });
      return {
        document: createWebhook,
        text: (screen) => {
          printWebhook(screen, createWebhook.webhook, [["secret", createWebhook.secret]]);
        },
      };
    },
  );

  define(
    program,
    {
      usage: "webhooks:info <webhook>",
      about: "Show a webhook",
      examples: ["webhooks:info audit"],
    },
    async ({ api, args: [reference = ""] }) => {
      const { webhook } = await api.run(WebhookDocument, { webhook: reference });
      if (webhook === null) throw notFound(`webhook "${reference}"`);
      return describeWebhook(webhook);
    },
  );

  define<
    Filters & {
      name?: string;
      to?: string;
      ordered?: boolean;
      unordered?: boolean;
      allTypes?: boolean;
      allPipelines?: boolean;
    }
  >(
    program,
    {
      usage: "webhooks:update <webhook>",
      about: "Change a webhook; its cursor stays",
      examples: ["webhooks:update audit --to https://audit.example.com/new", "webhooks:update audit --all-types"],
      options: [
        option("--name <name>", "the new name"),
        // `--url` is the address of the service for every command.
        option("--to <url>", "the new URL"),
        formatOption(),
        typesOption(),
        option("--all-types", "events of all types"),
        pipelinesOption(),
        option("--all-pipelines", "all events; requires the ADMIN role"),
        option("--ordered", "send one event at a time, in log order"),
        option("--unordered", "send up to eight events at a time, in any order"),
      ],
    },
    async ({ api, args: [webhook = ""], options }) => {
      const { name, to: url, format, ordered, unordered, allTypes, allPipelines } = options;
      if (ordered && unordered) throw wrongUsage("Specify either --ordered or --unordered.");
      if (allTypes && options.types) throw wrongUsage("Specify either --types or --all-types.");
      if (allPipelines && options.pipelines) throw wrongUsage("Specify either --pipelines or --all-pipelines.");
      const types = allTypes ? null : eventTypes(options.types);
      const pipelines = allPipelines ? null : options.pipelines;
      const order = ordered ? true : unordered ? false : undefined;
      const input = { webhook, name, url, format, types, pipelines, ordered: order };
      if (Object.values(input).filter((value) => value !== undefined).length === 1)
        throw wrongUsage("Specify what to change, for example --name.");
      return describeWebhook((await api.run(UpdateWebhookDocument, { input })).updateWebhook.webhook);
    },
  );

  define<ConfirmOptions>(
    program,
    {
      usage: "webhooks:delete <webhook>",
      about: "Delete a webhook and its deliveries",
      examples: ["webhooks:delete audit --yes"],
      options: [yesOption()],
    },
    async ({ api, args: [webhook = ""], options }) => {
      await confirm(options, `Delete webhook ${webhook}, its cursor and its deliveries?`);
      const { deleteWebhook } = await api.run(DeleteWebhookDocument, { input: { webhook } });
      return {
        document: deleteWebhook,
        text: (screen) => screen.line(`Deleted webhook ${singleLine(webhook)}.`),
      };
    },
  );
}

/** Reads types of events, in any case and with dashes or underscores. */
function eventTypes(types: readonly string[] | undefined): EventType[] | undefined {
  return types?.map((text) => {
    const type = text.toUpperCase().replaceAll("-", "_");
    const known = EVENT_TYPE_VALUES.find((value) => value === type);
    if (known === undefined)
      throw wrongUsage(
        `There is no type of event "${text}". Types are ${EVENT_TYPE_VALUES.map((one) => one.toLowerCase()).join(", ")}.`,
      );
    return known;
  });
}

/** The output of a command whose result is a webhook. */
export function describeWebhook(webhook: WebhookFragment) {
  return { document: webhook, text: (screen: Screen) => printWebhook(screen, webhook) };
}

export function printWebhook(
  screen: Screen,
  webhook: WebhookFragment,
  more: readonly (readonly [string, string])[] = [],
): void {
  const { id, name, url, format, types, app, ordered, state, cursor, behind, problem, retriesAt, createdAt } = webhook;
  screen.pairs([
    ["webhook", id],
    ["name", name],
    ["url", singleLine(url)],
    ["state", screen.reader === "terminal" ? paintState(webhook, screen) : lower(state)],
    ["problem", singleLine(problem ?? "")],
    ["retries_at", screen.time(retriesAt)],
    ["behind", String(behind)],
    ["cursor", cursor],
    ["format", lower(format)],
    ["types", types === null ? "all" : types.map((type) => type.toLowerCase()).join(", ")],
    ["pipelines", formatScope(webhook)],
    ["app", app === null ? "all" : app.name],
    ["order", ordered ? "log order" : "none"],
    ["created_at", screen.time(createdAt)],
    ...more,
  ]);
}

function formatScope({ pipelines }: Pick<WebhookFragment, "pipelines">): string {
  if (pipelines === null) return "all";
  return pipelines.length === 0 ? "none" : pipelines.map(({ name }) => name).join(", ");
}

function paintState({ state }: Pick<WebhookFragment, "state">, { paint }: Screen): string {
  const colour = state === "ACTIVE" ? paint.green : state === "FAILING" ? paint.red : paint.yellow;
  return colour(lower(state));
}
