import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startApp } from "../../src/app.js";
import { readConfig } from "../../src/config.js";

/** Where the story is played. */
export interface Server {
  readonly url: string;
  readonly adminSecret: string;
  stop(): Promise<void>;
}

/** Starts a server on any free port, with a database in the system's folder for temporary files; `stop` removes it. */
export async function startServer(): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), "railyard-demo-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const config = readConfig({
      PORT: "0",
      LOG_LEVEL: "silent",
      DATABASE_URL: `sqlite:${join(folder, "demo.sqlite")}`,
    });
    const app = await startApp(config);
    const stop = async () => {
      await app.close();
      await remove();
    };
    return { url: app.url, adminSecret: app.adminSecret ?? "", stop };
  } catch (error) {
    await remove();
    throw error;
  }
}
