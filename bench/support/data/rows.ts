import { getMetadataArgsStorage } from "typeorm";
import type { EntityClass } from "../../../src/database/rows/entity-mapper.js";
import { newId } from "../../../src/domain/core/values/id.js";
import { Build } from "../../../src/entities/builds/build.js";
import type { Stage } from "../../../src/entities/core/enums.js";
import { LogEvent } from "../../../src/entities/history/event.js";
import { EventApp } from "../../../src/entities/history/event-app.js";
import { App } from "../../../src/entities/pipelines/app.js";
import { Coupling } from "../../../src/entities/pipelines/coupling.js";
import { Pipeline } from "../../../src/entities/pipelines/pipeline.js";
import { Release } from "../../../src/entities/releases/release.js";
import { ReleaseStatus } from "../../../src/entities/releases/release-status.js";
import {
  APP_STAGES,
  PIPELINES_PER_TARGET_COUNT,
  pipelineName,
  RELEASES_PER_APP,
  sourceName,
  TARGET_COUNTS,
} from "./sizes.js";

const CONTEXTS = ["ci/build", "qa/smoke"];

/** Receives each generated row. Rows have columns only, no getters. */
export type AddRow = <T extends object>(entity: EntityClass<T>, row: Partial<T>) => void;

/** Generates the rows of a database: pipelines, and pipelines for promotions. */
export class RowGenerator {
  readonly #add: AddRow;
  /**
   * Starts a month ago and advances a millisecond per row: no event is old enough to be pruned, and no times are equal.
   */
  #clock = Date.now() - 30 * 86_400_000;
  #position = 0;
  #builds = 0;
  #couplings = 0;
  #releases = 0;

  constructor(add: AddRow) {
    // Omitted nullable columns are null: new columns of the service seldom matter to a benchmark.
    this.#add = (entity, row) => add(entity, { ...createNulls(entity), ...row });
  }

  /** The position of the newest event. */
  get head(): number {
    return this.#position;
  }

  /** Generates one pipeline after another. Yields the progress, which ends at `pipelines`. */
  *generate(pipelines: number): Generator<number, void> {
    for (let index = 0; index < pipelines; index++) {
      this.#addPipeline(pipelineName(index), APP_STAGES);
      yield index;
    }
    for (const targets of TARGET_COUNTS) {
      for (let index = 0; index < PIPELINES_PER_TARGET_COUNT; index++) {
        const name = `to-${targets}-${index}`;
        this.#addPipeline(name, ["STAGING", ...Array<Stage>(targets).fill("PRODUCTION")], sourceName(targets, index));
      }
    }
    yield pipelines;
  }

  #addPipeline(name: string, stages: readonly Stage[], firstApp?: string): void {
    const repository = `github.com/acme/${name}`;
    const pipelineId = newId();
    this.#add(Pipeline, {
      ...this.#stamps(pipelineId),
      name,
      description: `Everything that makes up ${name}`,
      repository,
      component: null,
      branch: "main",
      reviewAppsEnabled: false,
      deletedAt: null,
    });
    const builds = Array.from({ length: RELEASES_PER_APP }, (_, index) => this.#addBuild(repository, index));
    stages.forEach((stage, index) => {
      const app = index === 0 && firstApp !== undefined ? firstApp : `${name}-app-${index}`;
      this.#addApp(pipelineId, app, stage, builds);
    });
  }

  #addBuild(repository: string, index: number): string {
    const id = newId();
    const sha = id.replaceAll("-", "").padEnd(40, "0");
    this.#add(Build, {
      ...this.#stamps(id),
      phase: "SUCCEEDED",
      repository,
      component: null,
      branch: "main",
      sequence: null,
      position: ++this.#builds,
      committedAt: null,
      parents: null,
      commitSha: sha,
      commitMessage: `Change number ${index} of this repository`,
      commitAuthor: "kim",
      commitUrl: `https://${repository}/commit/${sha}`,
      artifact: `registry.acme.dev/${repository}:${sha.slice(0, 12)}`,
      checksum: `sha256:${sha}${sha.slice(0, 24)}`,
      requiredConfig: [],
    });
    return id;
  }

  #addApp(pipelineId: string, name: string, stage: Stage, builds: readonly string[]): void {
    const appId = newId();
    this.#add(App, {
      ...this.#stamps(appId),
      name,
      description: "",
      region: "eu-west-1",
      deploymentMode: "IMMEDIATE",
      configVersion: 0,
      deployTimeout: null,
      autoDeploy: false,
      deletedAt: null,
    });
    this.#add(Coupling, {
      ...this.#stamps(newId()),
      pipelineId,
      appId,
      stage,
      position: ++this.#couplings,
      requiredChecks: stage === "PRODUCTION" ? ["ci/build"] : [],
      wave: 1,
      autoDeploy: false,
      verification: null,
    });
    builds.forEach((buildId, index) => {
      const release = {
        ...this.#stamps(newId()),
        appId,
        buildId,
        version: index + 1,
        phase: "SUCCEEDED",
        failureReason: null,
        timedOut: false,
        trigger: "DEPLOY",
        description: `Deploy of ${buildId.slice(0, 7)}`,
        promotionId: null,
        forced: false,
        reason: null,
        createdByName: "kim",
        createdByRole: "OPERATOR",
        createdBySubject: null,
        createdByPerson: null,
        configVersion: null,
        duringFreezeId: null,
        cancelRequestedAt: null,
        ...{ verification: null, verificationState: null, verificationProblem: null, verificationFailedAt: null },
        ...{ verifyBy: null, verifiedAt: null },
        deployDeadline: null,
        position: ++this.#releases,
        succeededAt: new Date(this.#clock),
      } as const;
      this.#add(Release, release);
      this.#addEvent(pipelineId, appId, release);
      for (const context of CONTEXTS) this.#addStatus(release.id, buildId, context);
    });
  }

  #addStatus(releaseId: string, buildId: string, context: string): void {
    this.#add(ReleaseStatus, {
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
      reportedBySubject: null,
      reportedByPerson: null,
    });
  }

  #addEvent(pipelineId: string, appId: string, release: Pick<Release, "id" | "phase" | "createdAt">): void {
    this.#position += 1;
    this.#add(LogEvent, {
      position: this.#position,
      type: "RELEASE_CREATED",
      occurredAt: release.createdAt,
      actorName: "kim",
      actorRole: "OPERATOR",
      actorSubject: null,
      actorPerson: null,
      pipelineId,
      promotionId: null,
      releaseId: release.id,
      context: null,
      detail: { phase: release.phase },
    } as LogEvent);
    this.#add(EventApp, { appId, position: this.#position });
  }

  #stamps(id: string) {
    this.#clock += 1;
    return { id, createdAt: new Date(this.#clock), updatedAt: new Date(this.#clock) };
  }
}

const nulls = new Map<unknown, object>();

/** An object with null for each nullable column of a table. */
function createNulls(entity: EntityClass<object>): object {
  const known = nulls.get(entity);
  if (known !== undefined) return known;
  const classes = new Set<unknown>();
  for (let one: unknown = entity; typeof one === "function"; one = Object.getPrototypeOf(one)) classes.add(one);
  const nullable = getMetadataArgsStorage().columns.filter(
    ({ target, options }) => classes.has(target) && options.nullable === true,
  );
  const made = Object.fromEntries(nullable.map(({ propertyName }) => [propertyName, null]));
  nulls.set(entity, made);
  return made;
}
