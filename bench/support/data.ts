import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import SqliteFile from "better-sqlite3";
import { openDatabase } from "../../src/database/open.js";
import type { Reader } from "../../src/database/session.js";
import type { EntityClass } from "../../src/database/table.js";
import { newId } from "../../src/domain/id.js";
import { App } from "../../src/entities/app.js";
import { Build } from "../../src/entities/build.js";
import { Coupling } from "../../src/entities/coupling.js";
import { EventApp, LogEvent } from "../../src/entities/event.js";
import { Pipeline } from "../../src/entities/pipeline.js";
import { Release } from "../../src/entities/release.js";
import { ReleaseStatus } from "../../src/entities/release-status.js";
import type { Stage } from "../../src/entities/vocabulary.js";

/** The shape of every database that is measured: so many pipelines, each with the apps of these stages. */
export const STAGES_OF_APPS: readonly Stage[] = [
  "DEVELOPMENT",
  "DEVELOPMENT",
  "STAGING",
  "STAGING",
  "PRODUCTION",
  "PRODUCTION",
  "PRODUCTION",
  "PRODUCTION",
];
export const RELEASES_OF_AN_APP = 10;
const CONTEXTS = ["ci/build", "qa/smoke"];

/** Besides them: pipelines with one app in STAGING and so many in PRODUCTION, for promotions to go to. */
export const TARGETS = [1, 12] as const;
export const PIPELINES_OF_TARGETS = 10;

export const pipelineName = (index: number) => `pipeline-${index}`;
export const sourceName = (targets: number, index: number) => `to-${targets}-${index}-source`;

/** A folder for the files of one run, removed when it ends. */
export class Workshop {
  readonly folder = mkdtempSync(join(process.env.BENCH_FOLDER ?? tmpdir(), "railyard-bench-"));
  readonly #made = new Map<number, string>();
  #copies = 0;

  /** A database file of its own with so many pipelines. It is built once a run; every further one is a copy. */
  async database(pipelines: number): Promise<string> {
    let original = this.#made.get(pipelines);
    if (original === undefined) {
      original = join(this.folder, `filled-${pipelines}.sqlite`);
      await fill(original, pipelines);
      this.#made.set(pipelines, original);
    }
    this.#copies += 1;
    const copy = join(this.folder, `copy-${this.#copies}.sqlite`);
    copyFileSync(original, copy);
    return copy;
  }

  clear(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/**
 * Makes a database of the current schema and fills it. Rows go in by the entities' own mapping, but through statements
 * of our own without constraints in the way: a million rows are then a matter of seconds.
 */
async function fill(path: string, pipelines: number): Promise<void> {
  const database = await openDatabase(`sqlite:${path}`);
  const file = new SqliteFile(path);
  file.pragma("synchronous = OFF");
  file.pragma("foreign_keys = OFF");
  const rows = new Rows(file, database.reader);
  file.exec("BEGIN");
  for (let index = 0; index < pipelines; index++) rows.addPipeline(pipelineName(index), STAGES_OF_APPS);
  for (const targets of TARGETS) {
    for (let index = 0; index < PIPELINES_OF_TARGETS; index++) {
      const name = `to-${targets}-${index}`;
      rows.addPipeline(name, ["STAGING", ...Array<Stage>(targets).fill("PRODUCTION")], `${name}-source`);
    }
  }
  rows.finish();
  file.exec("COMMIT");
  file.pragma("wal_checkpoint(TRUNCATE)");
  file.close();
  await database.close();
}

class Rows {
  readonly #file: SqliteFile.Database;
  readonly #reader: Reader;
  readonly #inserts = new Map<unknown, (row: object) => void>();
  /** A month ago, a second later for every row, so that nothing is pruned and no two rows are of the same moment. */
  #clock = Date.now() - 30 * 86_400_000;
  #position = 0;

  constructor(file: SqliteFile.Database, reader: Reader) {
    this.#file = file;
    this.#reader = reader;
    this.#position = (file.prepare("SELECT head FROM event_log").pluck().get() as number) ?? 0;
  }

  addPipeline(name: string, stages: readonly Stage[], firstApp?: string): void {
    const repository = `github.com/acme/${name}`;
    const pipelineId = newId();
    this.#insert(Pipeline, {
      ...this.#stamps(pipelineId),
      name,
      description: `Everything that makes up ${name}`,
      repository,
      branch: "main",
      reviewAppsEnabled: false,
      deletedAt: null,
    });
    const builds = Array.from({ length: RELEASES_OF_AN_APP }, (_, index) => this.#addBuild(repository, index));
    stages.forEach((stage, index) => {
      const app = index === 0 && firstApp !== undefined ? firstApp : `${name}-app-${index}`;
      this.#addApp(pipelineId, app, stage, builds);
    });
  }

  #addBuild(repository: string, index: number): string {
    const id = newId();
    const sha = id.replaceAll("-", "").padEnd(40, "0");
    this.#insert(Build, {
      ...this.#stamps(id),
      phase: "SUCCEEDED",
      repository,
      branch: "main",
      commitSha: sha,
      commitMessage: `Change number ${index} of this repository`,
      commitAuthor: "kim",
      commitUrl: `https://${repository}/commit/${sha}`,
      artifact: `registry.acme.dev/${repository}:${sha.slice(0, 12)}`,
      checksum: `sha256:${sha}${sha.slice(0, 24)}`,
    });
    return id;
  }

  #addApp(pipelineId: string, name: string, stage: Stage, builds: readonly string[]): void {
    const appId = newId();
    this.#insert(App, {
      ...this.#stamps(appId),
      name,
      description: "",
      region: "eu-west-1",
      deploymentMode: "IMMEDIATE",
      deletedAt: null,
    });
    this.#insert(Coupling, {
      ...this.#stamps(newId()),
      pipelineId,
      appId,
      stage,
      requiredChecks: stage === "PRODUCTION" ? ["ci/build"] : [],
      autoDeploy: false,
    });
    builds.forEach((buildId, index) => {
      const release = {
        ...this.#stamps(newId()),
        appId,
        buildId,
        version: index + 1,
        phase: "SUCCEEDED",
        failureReason: null,
        trigger: "DEPLOY",
        description: `Deploy of ${buildId.slice(0, 7)}`,
        promotionId: null,
        createdByName: "kim",
        createdByRole: "OPERATOR",
        deployDeadline: null,
      } as const;
      this.#insert(Release, release);
      this.#addEvent(pipelineId, appId, release);
      for (const context of CONTEXTS) this.#addStatus(release.id, buildId, context);
    });
  }

  #addStatus(releaseId: string, buildId: string, context: string): void {
    this.#insert(ReleaseStatus, {
      ...this.#stamps(newId()),
      releaseId,
      buildId,
      context,
      state: "SUCCESS",
      name: "Continuous integration",
      description: "All 1,234 tests passed",
      targetUrl: `https://ci.acme.dev/runs/${releaseId}`,
      imageUrl: null,
      reportedByName: "ci",
      reportedByRole: "REPORTER",
    });
  }

  #addEvent(pipelineId: string, appId: string, release: Pick<Release, "id" | "phase" | "createdAt">): void {
    this.#position += 1;
    this.#insert(LogEvent, {
      position: this.#position,
      type: "RELEASE_CREATED",
      occurredAt: release.createdAt,
      actorName: "kim",
      actorRole: "OPERATOR",
      pipelineId,
      promotionId: null,
      releaseId: release.id,
      context: null,
      detail: { phase: release.phase },
    } as LogEvent);
    this.#insert(EventApp, { appId, position: this.#position });
  }

  finish(): void {
    this.#file.prepare("UPDATE event_log SET head = ?").run(this.#position);
  }

  #stamps(id: string) {
    this.#clock += 1;
    return { id, createdAt: new Date(this.#clock), updatedAt: new Date(this.#clock) };
  }

  /** What the getters of an entity tell is not its row's. */
  #insert<T extends object>(entity: EntityClass<T>, row: Partial<T>): void {
    let insert = this.#inserts.get(entity);
    if (insert === undefined) {
      const table = this.#reader.table(entity);
      const names = Object.keys(table.toRow(row as T));
      const statement = this.#file.prepare(
        `INSERT INTO ${table.name} (${names.map((name) => `"${name}"`)}) VALUES (${names.map(() => "?")})`,
      );
      insert = (one) => {
        const values = Object.values(table.toRow(one as T));
        statement.run(values.map((value) => (typeof value === "boolean" ? Number(value) : value)));
      };
      this.#inserts.set(entity, insert);
    }
    insert(row);
  }
}
