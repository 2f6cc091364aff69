import type { Command } from "commander";
import { Api } from "../api/client.js";
import { VIEWER } from "../api/queries.js";
import { findConnection } from "../auth/connection.js";
import { loginFile, writeLogin } from "../auth/login-file.js";
import { askSecret } from "../auth/secret.js";
import { define } from "../command.js";
import { wrongUsage } from "../exit.js";
import { lower, singleLine } from "../output/format.js";
import { limits } from "./tokens.js";

/** Who is asking, and of which service. */
export function addLogin(program: Command): void {
  define(
    program,
    {
      usage: "login",
      about: "Sign in, and keep it in your configuration folder",
      examples: [
        "login --url http://127.0.0.1:4000 --token railyard_…",
        "login --url https://railyard.example.com < secret",
      ],
      notes: [
        "Without --token (or RAILYARD_TOKEN) the token is asked for, or read from standard input. The login is kept in\n" +
          "railyard/login.json under $XDG_CONFIG_HOME or ~/.config, readable by you alone.",
      ],
    },
    async ({ options, screen }) => {
      const { url } = findConnection({ token: "", ...options }, process.env);
      const token = options.token ?? (process.env.RAILYARD_TOKEN || (await askSecret(`Token for ${url}: `)));
      if (token === "") throw wrongUsage("A token must be given: with --token, or on standard input.");
      const { viewer } = await new Api({ url, token }).run(VIEWER, {});
      const file = loginFile(process.env);
      writeLogin(file, { url, token });
      return {
        document: { url, viewer },
        text: () =>
          screen.line(`Signed in at ${url} as ${singleLine(viewer.name)} (${lower(viewer.role)}); kept in ${file}.`),
      };
    },
  );

  define(
    program,
    { usage: "whoami", about: "Show who you are signed in as, and where", examples: ["whoami", "whoami --json"] },
    async ({ api, connection }) => {
      const { viewer } = await api.run(VIEWER, {});
      return {
        document: viewer,
        text: (screen) =>
          screen.pairs([
            ["name", singleLine(viewer.name)],
            ["role", lower(viewer.role)],
            ...(viewer.pipelines === null ? [] : [["pipelines", limits(viewer.pipelines)] as const]),
            ["url", connection.url],
          ]),
      };
    },
  );
}
