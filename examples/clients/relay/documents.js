import { graphql } from "relay-runtime";

/* The relay compiler writes an artifact for each document into __generated__. */

graphql`
  query documentsBoardQuery($pipeline: ID!) {
    cursor
    pipeline(pipeline: $pipeline) {
      id
      name
      description
      stages { id stage couplings { id app { id name currentRelease { id version phase } } } }
    }
  }
`;

graphql`
  mutation documentsDescribeMutation($input: UpdatePipelineInput!) {
    updatePipeline(input: $input) { pipeline { id description } }
  }
`;

graphql`
  subscription documentsEventsSubscription($after: EventCursor) {
    events(after: $after) {
      id
      cursor
      type
      ... on ChangeEvent { subject { id ... on Pipeline { name description } } }
    }
  }
`;

graphql`
  fragment documentsApps on Query
  @argumentDefinitions(first: { type: "Int", defaultValue: 2 }, after: { type: "String" })
  @refetchable(queryName: "documentsAppsPaginationQuery") {
    apps(first: $first, after: $after, orderBy: { field: CREATED }) @connection(key: "documents_apps") {
      edges { node { id name } }
    }
  }
`;

graphql`
  query documentsAppsQuery($first: Int) { ...documentsApps @arguments(first: $first) }
`;
