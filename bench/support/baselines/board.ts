import { SqliteFile } from "../../../src/database/sqlite/file.js";
import { STAGES } from "../../../src/domain/pipelines/stages.js";
import { handleCalls } from "../child-process.js";
import { pipelineName } from "../data/sizes.js";

/*
 * The lower bound for a board query: reads its rows through one prepared statement per table and assembles the JSON by
 * hand. The benchmark checks that the response equals the server's.
 */

type Row = Record<string, string | number | null>;

const file = new SqliteFile(process.argv[2] ?? "", { readonly: true });
const one = file.prepare(
  "SELECT id, name, description, repository, branch FROM pipelines WHERE name = ? AND deleted_at IS NULL",
);
const couplings = file.prepare(
  "SELECT id, app_id, stage, required_checks, auto_deploy FROM couplings WHERE pipeline_id = ? ORDER BY id",
);
const selectApp = file.prepare("SELECT id, name, region, deployment_mode FROM apps WHERE id = ?");
const selectCurrent = file.prepare(
  `SELECT id, build_id, version, phase, description, created_at FROM releases
    WHERE app_id = ? AND phase = 'SUCCEEDED' ORDER BY version DESC LIMIT 1`,
);
const selectBuild = file.prepare(
  "SELECT id, phase, artifact, commit_sha, commit_message, commit_author FROM builds WHERE id = ?",
);
const selectStatuses = file.prepare(
  `SELECT id, context, state, name, description, target_url, updated_at FROM release_statuses
    WHERE release_id = ? ORDER BY context`,
);

function board(name: string): string {
  const pipeline = one.get(name) as Row;
  const all = couplings.all(pipeline.id) as Row[];
  const release = (row: Row) => {
    const build = selectBuild.get(row.build_id) as Row;
    return {
      id: row.id,
      version: row.version,
      phase: row.phase,
      description: row.description,
      createdAt: new Date(row.created_at as number),
      build: {
        id: build.id,
        phase: build.phase,
        artifact: build.artifact,
        commit: { sha: build.commit_sha, message: build.commit_message, author: build.commit_author },
      },
      statuses: (selectStatuses.all(row.id) as Row[]).map((status) => ({
        id: status.id,
        context: status.context,
        state: status.state,
        name: status.name,
        description: status.description,
        targetUrl: status.target_url,
        updatedAt: new Date(status.updated_at as number),
      })),
    };
  };
  const stages = STAGES.map((stage) => ({
    stage,
    couplings: all
      .filter((coupling) => coupling.stage === stage)
      .map((coupling) => {
        const app = selectApp.get(coupling.app_id) as Row;
        const current = selectCurrent.get(coupling.app_id) as Row | undefined;
        return {
          id: coupling.id,
          requiredChecks: JSON.parse(coupling.required_checks as string),
          autoDeploy: coupling.auto_deploy === 1,
          app: {
            id: app.id,
            name: app.name,
            region: app.region,
            deploymentMode: app.deployment_mode,
            currentRelease: current === undefined ? null : release(current),
          },
        };
      }),
  }));
  const { id, description, repository, branch } = pipeline;
  return JSON.stringify({ data: { pipeline: { id, name, description, repository, branch, stages } } });
}

handleCalls({
  board,
  /** Runs the query repeatedly, for one pipeline after another. Returns the CPU time of one, in microseconds. */
  measure: (pipelines: number, times: number) => {
    const before = process.cpuUsage();
    let bytes = 0;
    for (let iteration = 0; iteration < times; iteration++)
      bytes += Buffer.byteLength(board(pipelineName(iteration % pipelines)));
    const { user, system } = process.cpuUsage(before);
    if (bytes === 0) throw new Error("The responses were empty.");
    return (user + system) / times;
  },
});
