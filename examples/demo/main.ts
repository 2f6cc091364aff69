import { parseArgs } from "node:util";
import { hire } from "./cast.js";
import { Narrator } from "./narrator.js";
import { Railyard } from "./railyard.js";
import { type Server, startServer } from "./server.js";
import { playStory } from "./story.js";

const USAGE = `Runs the pipelines walk-through and checks everything that it shows. Exits with 1 if anything differs.

  npm run demo                                               on a temporary server
  RAILYARD_TOKEN=… npm run demo -- --url http://host:4000    on your server, without objects of the story; with an ADMIN token
`;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { url: { type: "string" }, help: { type: "boolean", short: "h" } } });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const server = values.url === undefined ? await startServer() : theirs(values.url);
  try {
    const narrator = new Narrator(process.stdout);
    const admin = new Railyard(server.url, server.adminSecret, (call) => narrator.does("admin", call));
    await playStory(await hire(admin, narrator), narrator);
    narrator.end();
  } finally {
    await server.stop();
  }
}

function theirs(url: string): Server {
  return { url, adminSecret: process.env.RAILYARD_TOKEN ?? "", stop: async () => undefined };
}

main().catch((error: unknown) => {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
