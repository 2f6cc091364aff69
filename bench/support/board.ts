/** The board query: everything that a dashboard shows of a pipeline. */
export const BOARD = `query Board($pipeline: ID!) {
  pipeline(pipeline: $pipeline) {
    id name description repository branch
    stages {
      stage
      couplings {
        id requiredChecks autoDeploy
        app {
          id name region deploymentMode
          currentRelease {
            id version phase description createdAt
            build { id phase artifact commit { sha message author } }
            statuses { id context state name description targetUrl updatedAt }
          }
        }
      }
    }
  }
}`;

const GATE = "gate { open nextOpensAt nextClosesAt blockers { code message remedies clearsAt } }";

/** The board with everything that it can show of gates: for each app, and for each stage. */
export const BOARD_WITH_GATES = BOARD.replace("stage\n", `stage ${GATE}\n`).replace(
  "requiredChecks autoDeploy",
  `requiredChecks autoDeploy ${GATE}`,
);
