import type { Command } from "commander";
import { Api } from "../api/client.js";
import { ViewerDocument } from "../api/generated.js";
import { findConnection } from "../auth/connection.js";
import { deleteLogin, loginFile, writeLogin } from "../auth/login-file.js";
import { askSecret } from "../auth/secret.js";
import { define } from "../command.js";
import { wrongUsage } from "../exit.js";
import { lower, singleLine } from "../output/format.js";
import { openBrowser } from "../terminal/browser.js";
import { formatPipelines } from "./tokens.js";

/** Adds the commands `login`, `logout`, `whoami` and `open`. */
export function addLogin(program: Command): void {
  define(
    program,
    {
      usage: "login",
      about: "Sign in and store the login",
      examples: [
        "login --url http://127.0.0.1:4000 --token railyard_…",
        "login --url https://railyard.example.com < secret",
      ],
      notes: [
        "Without --token or RAILYARD_TOKEN, prompts for the token or reads it from standard input. The login is stored in\n" +
          "railyard/login.json under $XDG_CONFIG_HOME or ~/.config, readable only by you.",
      ],
    },
    async ({ options, screen }) => {
      const { url } = findConnection({ token: "", ...options }, process.env);
      const token = options.token ?? (process.env.RAILYARD_TOKEN || (await askSecret(`Token for ${url}: `)));
      if (token === "") throw wrongUsage("Specify a token with --token, RAILYARD_TOKEN or on standard input.");
      const { viewer } = await new Api({ url, token }).run(ViewerDocument, {});
      const file = loginFile(process.env);
      writeLogin(file, { url, token });
      return {
        document: { url, viewer },
        text: () =>
          screen.line(
            `Signed in to ${url} as ${singleLine(viewer.name)} (${lower(viewer.role)}); login stored in ${file}.`,
          ),
      };
    },
  );

  define(
    program,
    {
      usage: "logout",
      about: "Delete the stored login",
      examples: ["logout"],
      notes: ["The token stays valid. Revoke it with `railyard tokens:revoke ID`."],
    },
    async () => {
      const file = loginFile(process.env);
      const deleted = deleteLogin(file);
      return {
        document: { file, deleted },
        text: (screen) => screen.line(deleted ? `Signed out; deleted ${file}.` : "Not signed in; nothing was deleted."),
      };
    },
  );

  define(
    program,
    {
      usage: "open",
      about: "Open the API explorer of the service in a browser",
      examples: ["open"],
      notes: ["Uses the command in BROWSER, or the default browser. Without a terminal, only prints the URL."],
    },
    async ({ connection, screen }) => {
      const url = `${connection.url}/graphql`;
      const opened = screen.reader === "terminal" && (await openBrowser(url, process.env));
      return {
        document: { url },
        text: (screen) => screen.line(opened ? `Opened ${url}` : url),
      };
    },
  );

  define(
    program,
    { usage: "whoami", about: "Show the current token and service", examples: ["whoami", "whoami --json"] },
    async ({ api, connection }) => {
      const { viewer } = await api.run(ViewerDocument, {});
      return {
        document: viewer,
        text: (screen) =>
          screen.pairs([
            ["name", singleLine(viewer.name)],
            ["role", lower(viewer.role)],
            ...(viewer.pipelines === null ? [] : [["pipelines", formatPipelines(viewer.pipelines)] as const]),
            ["url", connection.url],
          ]),
      };
    },
  );
}
