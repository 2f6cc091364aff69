/** The board of a pipeline, and the cursor to subscribe from. */
export const BOARD = /* GraphQL */ `
  query Board($pipeline: ID!) {
    cursor
    pipeline(pipeline: $pipeline) {
      id
      name
      description
      stages { id stage couplings { id app { id name currentRelease { id version phase } } } }
    }
  }
`;

export const DESCRIBE = /* GraphQL */ `
  mutation Describe($input: UpdatePipelineInput!) {
    updatePipeline(input: $input) { pipeline { id description } }
  }
`;

/** Apps, page by page. */
export const APPS = /* GraphQL */ `
  query Apps($first: Int, $after: String) {
    apps(first: $first, after: $after, orderBy: { field: CREATED }) {
      edges { cursor node { id name } }
      pageInfo { hasNextPage endCursor }
    }
  }
`;

/** Each event with the objects that it changed, as they are now. A cache takes them over by their ids. */
export const EVENTS = /* GraphQL */ `
  subscription Events($after: EventCursor) {
    events(after: $after) {
      id
      cursor
      type
      ... on ReleaseEvent { release { id version phase app { id currentRelease { id version phase } } } }
      ... on ChangeEvent { subject { id ... on Pipeline { name description } ... on App { name description } } }
    }
  }
`;
