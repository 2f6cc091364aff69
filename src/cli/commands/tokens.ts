import type { Command } from "commander";
import {
  CreateTokenDocument,
  RevokeTokenDocument,
  ROLE_VALUES,
  type Role,
  type TokenFragment,
  TokensDocument,
} from "../api/generated.js";
import { list } from "../api/references.js";
import { define, enumOption, limitOption, listOption, option, required } from "../command.js";
import { wrongUsage } from "../exit.js";
import { lower, singleLine } from "../output/format.js";
import { type ConfirmOptions, confirm, yesOption } from "../terminal/confirm.js";

export function addTokens(program: Command): void {
  define<{ limit?: number }>(
    program,
    {
      usage: "tokens",
      about: "List the tokens; requires the ADMIN role",
      examples: ["tokens", "tokens --json"],
      notes: [
        "Columns in a pipe: id, name, role, created, last used, expires, revoked, pipelines (all if unrestricted).",
      ],
      options: [limitOption(null)],
    },
    async ({ api, screen, options }) => {
      const { nodes } = await list(api, TokensDocument, {}, options.limit ?? Number.POSITIVE_INFINITY);
      const at = (title: string, field: "createdAt" | "lastUsedAt" | "expiresAt" | "revokedAt") => ({
        title,
        value: (one: (typeof nodes)[number]) => screen.time(one[field]),
      });
      return {
        document: nodes,
        text: () =>
          screen.table(
            [
              { title: "Token", value: (one) => one.id, narrow: "whole", only: "ids" },
              { title: "Name", value: (one) => one.name },
              { title: "Role", value: (one) => lower(one.role) },
              { ...at("Created", "createdAt"), narrow: "left out" },
              at("Last used", "lastUsedAt"),
              { ...at("Expires", "expiresAt"), narrow: "left out" },
              at("Revoked", "revokedAt"),
              { title: "Pipelines", value: (one) => formatPipelines(one.pipelines) },
            ],
            nodes,
            "No tokens.",
          ),
      };
    },
  );

  define<{
    role: Role;
    expires?: string;
    pipelines?: string[];
    person?: string;
    groups?: string[];
    readConfig?: boolean;
  }>(
    program,
    {
      usage: "tokens:create <name>",
      about: "Create a token; its secret is shown only once",
      examples: [
        "tokens:create ci --role reporter",
        "tokens:create deploys --role operator --expires 2027-01-01",
        "tokens:create shop-deploys --role operator --pipelines shop,shop-api",
        "tokens:create deployer --role reporter --pipelines shop --read-config",
        "tokens:create ada --role operator --person ada@example.com --groups release-managers",
      ],
      options: [
        required(enumOption("--role <role>", "the role of the token", ROLE_VALUES)),
        option("--expires <date>", "expiry date, for example 2027-01-01 or 2027-01-01T12:00:00Z"),
        listOption("-p, --pipelines <pipeline...>", "restrict the token to these pipelines"),
        option("--person <name>", "the person that the token stands for in approvals"),
        listOption("--groups <group...>", "the groups that the token belongs to"),
        option("--read-config", "let the token read secret config vars, as a deployer must"),
      ],
    },
    async ({ api, args: [name = ""], options: { role, expires, pipelines, person, groups, readConfig } }) => {
      const at = expires === undefined ? undefined : new Date(expires);
      if (Number.isNaN(at?.getTime()))
        throw wrongUsage(`--expires must be a date, for example 2027-01-01; got "${expires}".`);
      const input = { name, role, expiresAt: at?.toISOString(), pipelines, person, groups, readConfig };
      const { createToken } = await api.run(CreateTokenDocument, { input });
      return {
        document: createToken,
        text: (screen) =>
          screen.pairs([
            ["token", createToken.token.id],
            ["name", singleLine(createToken.token.name)],
            ["role", lower(createToken.token.role)],
            ["person", singleLine(createToken.token.person ?? "")],
            ["groups", createToken.token.groups.map(singleLine).join(", ")],
            ["pipelines", formatPipelines(createToken.token.pipelines)],
            ["expires_at", screen.time(createToken.token.expiresAt)],
            ["secret", createToken.secret],
          ]),
      };
    },
  );

  define<ConfirmOptions>(
    program,
    {
      usage: "tokens:revoke <id>",
      about: "Revoke a token immediately and permanently",
      examples: ["tokens:revoke 019ab3c4-5d6e-7f80-9123-456789abcdef"],
      options: [yesOption()],
    },
    async ({ api, args: [token = ""], options }) => {
      await confirm(options, `Revoke token ${token}?`);
      const { revokeToken } = await api.run(RevokeTokenDocument, { input: { token } });
      return {
        document: revokeToken.token,
        text: (screen) => screen.line(`Revoked token ${singleLine(revokeToken.token.name)}.`),
      };
    },
  );
}

/** The names of the pipelines that a token is restricted to. */
export function formatPipelines(pipelines: TokenFragment["pipelines"]): string {
  if (pipelines === null) return "all";
  return pipelines.length === 0 ? "none" : pipelines.map(({ name }) => name).join(", ");
}
