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
