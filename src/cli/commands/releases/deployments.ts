import type { Command } from "commander";
import { type DeploymentPhase, ReportDeploymentDocument } from "../../api/generated.js";
import { findReleaseId } from "../../api/references.js";
import { appOption, define, enumOption, option, required } from "../../command.js";
import { showRelease } from "../../output/releases.js";

/** The phases that a deployer reports. */
const REPORTED_PHASES: readonly DeploymentPhase[] = ["DEPLOYING", "SUCCEEDED", "FAILED"];

export function addDeployments(program: Command): void {
  define<{ phase: DeploymentPhase; app?: string; reason?: string }>(
    program,
    {
      usage: "deployments:report <release>",
      about: "Report the progress of a deployment",
      examples: [
        "deployments:report v3 -a myapp-space-prod -s succeeded",
        "deployments:report 13616620-2cc5-4a61-851b-819c01734dad -s failed --reason 'The image does not start.'",
      ],
      notes: [
        "Specify a release by its id, or together with -a as v3, current or previous. Only for apps created with --reported.",
      ],
      options: [
        required(enumOption("-s, --phase <phase>", "the phase of the deployment", REPORTED_PHASES)),
        appOption(),
        option("--reason <text>", "why the deployment failed"),
      ],
    },
    async ({ api, args: [reference = ""], options: { app, phase, reason } }) => {
      const release = await findReleaseId(api, reference, app);
      const input = { release, phase, failureReason: reason };
      const { reportDeployment } = await api.run(ReportDeploymentDocument, { input });
      const reported = reportDeployment.release;
      return { document: reported, text: (screen) => showRelease(screen, reported) };
    },
  );
}
