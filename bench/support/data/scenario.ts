import type { Connection } from "../client.js";

/** Triggers events: releases of one app, and promotions of it to others. */
export interface Scenario {
  /** The app to release and to promote from. */
  readonly app: string;
  /** Creates a release: one event. */
  release(): Promise<void>;
  /** Promotes the app: one event per target. */
  promote(): Promise<void>;
}

const COUPLE = `mutation ($app: CreateAppInput!, $coupling: AddCouplingInput!) {
  createApp(input: $app) { app { id } } addCoupling(input: $coupling) { coupling { id } }
}`;
const PIPELINE = "mutation ($name: String!) { createPipeline(input: { name: $name }) { pipeline { id } } }";
const BUILD = `mutation {
  createBuild(input: { repository: "acme/fan", commit: { sha: "0123456789abcdef" }, artifact: "registry/fan:1" }) {
    build { id }
  }
}`;
const RELEASE = `mutation ($app: ID!, $build: ID!) {
  createRelease(input: { app: $app, build: $build }) { release { id } }
}`;
const PROMOTE = "mutation ($app: ID!) { promote(input: { app: $app }) { promotion { id } } }";

/** Creates a pipeline with one released app in DEVELOPMENT and `targets` apps in STAGING. */
export async function createScenario(connection: Connection, name: string, targets: number): Promise<Scenario> {
  const couple = (app: string, stage: string) =>
    connection.query(COUPLE, { app: { name: app }, coupling: { pipeline: name, app, stage } });
  const app = `${name}-source`;
  await connection.query(PIPELINE, { name });
  await couple(app, "DEVELOPMENT");
  for (let index = 0; index < targets; index += 1) await couple(`${name}-target-${index}`, "STAGING");
  const { createBuild } = await connection.query<{ createBuild: { build: { id: string } } }>(BUILD, {});
  const release = async () => {
    await connection.query(RELEASE, { app, build: createBuild.build.id });
  };
  await release();
  return {
    app,
    release,
    promote: async () => {
      await connection.query(PROMOTE, { app });
    },
  };
}
