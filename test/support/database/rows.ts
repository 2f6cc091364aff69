import { randomUUID } from "node:crypto";
import type { Database } from "../../../src/database/database.js";
import type { Tx } from "../../../src/database/rows/tx.js";
import { App } from "../../../src/entities/pipelines/app.js";

/* Rows for tests of the database itself. Other tests create theirs through the API. */

/** Inserts an app. */
export async function insertApp(tx: Tx, name: string, id: string = randomUUID()): Promise<void> {
  const now = new Date(0);
  const app: Omit<App, "position" | "updatedPosition"> = {
    id,
    name,
    description: "",
    region: null,
    deploymentMode: "IMMEDIATE",
    deployTimeout: null,
    autoDeploy: true,
    configVersion: 0,
    createdAt: now,
    updatedAt: now,
    deletedAt: null,
  };
  await tx.insert(App, [Object.assign(new App(), app)]);
}

/** The names of all committed apps, sorted. */
export async function appNames({ reader }: Database): Promise<string[]> {
  return (await reader.find(App, {})).map((app) => app.name).sort();
}
