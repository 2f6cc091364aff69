import type { Connection } from "./client.js";

/** What subscribers are told of: releases of one app, and promotions of it to others. */
export interface Stage {
  /** Makes a release: one event. */
  release(): Promise<void>;
  /** Promotes it: an event for each of the targets. */
  promote(): Promise<void>;
}

const COUPLE = `mutation ($app: CreateAppInput!, $coupling: AddCouplingInput!) {
  createApp(input: $app) { app { id } } addCoupling(input: $coupling) { coupling { id } }
}`;
const BUILD = `mutation {
  createBuild(input: { repository: "acme/fan", commit: { sha: "0123456789abcdef" }, artifact: "registry/fan:1" }) {
    build { id }
  }
}`;
const RELEASE =
  'mutation ($build: ID!) { createRelease(input: { app: "fan-source", build: $build }) { release { id } } }';
const PROMOTE = 'mutation { promote(input: { app: "fan-source" }) { promotion { id } } }';

/** Makes a pipeline with one app to promote from and so many to promote to. */
export async function setStage(connection: Connection, targets: number): Promise<Stage> {
  const couple = (app: string, stage: string) =>
    connection.ask(COUPLE, { app: { name: app }, coupling: { pipeline: "fan", app, stage } });
  await connection.ask('mutation { createPipeline(input: { name: "fan" }) { pipeline { id } } }', {});
  await couple("fan-source", "DEVELOPMENT");
  for (let index = 0; index < targets; index += 1) await couple(`fan-target-${index}`, "STAGING");
  const { createBuild } = await connection.ask<{ createBuild: { build: { id: string } } }>(BUILD, {});
  const release = async () => {
    await connection.ask(RELEASE, { build: createBuild.build.id });
  };
  await release();
  return {
    release,
    promote: async () => {
      await connection.ask(PROMOTE, {});
    },
  };
}
