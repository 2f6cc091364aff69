import type { Command } from "commander";
import { define } from "../command.js";

export function addServe(program: Command): void {
  define(
    program,
    {
      usage: "serve",
      about: "Run the service itself, here, until it is stopped",
      examples: ["serve"],
      notes: [
        "It takes its settings from the environment: PORT, HOST, DATABASE_URL, ADMIN_TOKEN and the others, as\n" +
          "PORT=8080 DATABASE_URL=sqlite:/var/lib/railyard/railyard.sqlite. Ctrl-C stops it.",
      ],
    },
    async () => {
      // Loaded here and nowhere else: every other command is a client of the API, and starts without the service.
      await import("../../main.js");
    },
  );
}
