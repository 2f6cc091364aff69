import type { BoardCouplingFragment, BoardFragment, Stage } from "../api/generated.js";
import { appLabel, check, lower, newerRelease, phase, shortSha } from "./format.js";
import type { Paint } from "./paint.js";
import type { Screen } from "./screen.js";

/** Minimum terminal width for showing the stages side by side. */
const MIN_SIDE_BY_SIDE_COLUMNS = 76;

/** Draws a pipeline: its stages, apps, current releases and checks. */
export async function drawBoard(screen: Screen, board: BoardFragment): Promise<void> {
  const { paint } = screen;
  const last = board.stages.length - 1;
  const columns = board.stages.map(({ stage, couplings }, index) => {
    const title = paint.bold(lower(stage)) + (index < last ? paint.dim(" →") : "");
    const apps = couplings.map((coupling) => appOnBoard(coupling, paint).join("\n"));
    return { title, apps: apps.length === 0 ? [paint.dim("—")] : apps };
  });
  if (screen.width >= MIN_SIDE_BY_SIDE_COLUMNS) {
    const { fitTable, grid } = await import("./grid.js");
    const fitted = fitTable(
      columns.map(({ title, apps }) => ({ cells: [title, apps.join("\n\n")] })),
      screen.width,
    );
    const rows = [0, 1].map((row) => fitted.kept.map(({ cells }) => cells[row] ?? ""));
    screen.line(grid(rows, fitted.widths));
    return;
  }
  for (const { title, apps } of columns) {
    screen.line(title);
    screen.line(apps.join("\n"));
    screen.line();
  }
}

function appOnBoard({ app, requiredChecks }: BoardCouplingFragment, paint: Paint): string[] {
  const release = app.currentRelease;
  const current =
    release === null
      ? paint.dim("no release")
      : `v${release.version} ${paint.yellow(shortSha(release.build))} ${phase(release.phase, paint)}`;
  const newer = newerRelease(app);
  return [
    appLabel(app, paint),
    `  ${current}`,
    ...(newer === null
      ? []
      : [`  v${newer.version} ${paint.yellow(shortSha(newer.build))} ${phase(newer.phase, paint)}`]),
    ...(release?.statuses ?? []).map(({ context, state }) => `  ${check(context, state, paint)}`),
    ...requiredChecks.map((context) => `  ${paint.dim("needs")} ${context}`),
  ];
}

/** Lists the couplings with their ids. The format is stable. */
export function listCouplings(screen: Screen, board: BoardFragment): void {
  const { paint } = screen;
  const couplings = board.stages.flatMap((stage) => stage.couplings.map((one) => ({ stage: stage.stage, one })));
  for (const { stage, one } of couplings) {
    screen.line(`${paint.magenta("᱿")} ${stageName(stage, paint)}`);
    screen.line(`  Id: ${one.id}`);
    screen.line(`  App: ${one.app.name} (${one.app.id})`);
    screen.line(`  Status Checks: ${one.requiredChecks.join(", ")}`.trimEnd());
  }
}

function stageName(stage: Stage, paint: Paint): string {
  return paint.bold(lower(stage));
}
