import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { relayStylePagination } from "@apollo/client/utilities";
import { OperationTypeNode } from "graphql";
import { connect } from "./resume.mjs";
import { POSSIBLE_TYPES } from "./types.mjs";

export function createCache() {
  return new InMemoryCache({
    possibleTypes: POSSIBLE_TYPES,
    typePolicies: {
      Query: { fields: { apps: relayStylePagination(["nameContains", "region", "orderBy"]) } },
      // A value without an id: the same for all requests of a token.
      Viewer: { merge: true },
      // Events are not kept: each is delivered once.
      Event: { keyFields: false },
    },
  });
}

export function createApollo(url, token) {
  const http = new HttpLink({ uri: url, headers: { authorization: `Bearer ${token}` } });
  const socket = new GraphQLWsLink(connect(url, token));
  const isSubscription = ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION;
  return new ApolloClient({
    link: ApolloLink.split(isSubscription, socket, http),
    cache: createCache(),
    clientAwareness: { name: "board", version: "1.0" },
  });
}

export { gql };
