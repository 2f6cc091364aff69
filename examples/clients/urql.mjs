import { Client, cacheExchange, fetchExchange, subscriptionExchange } from "@urql/core";
import { cacheExchange as graphcache } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";
import { connect } from "./resume.mjs";
import { EVENT_TYPES, VALUE_TYPES } from "./types.mjs";

const embedded = () => null;

/** @param schema the result of an introspection query, for fragments on interfaces; see @urql/introspection */
export function createGraphcache(schema) {
  return graphcache({
    ...(schema && { schema }),
    keys: Object.fromEntries([...VALUE_TYPES, ...EVENT_TYPES].map((type) => [type, embedded])),
    resolvers: { Query: { apps: relayPagination() } },
  });
}

/** @param cache the exchange that caches; the default keeps whole responses until a mutation names one of their types */
export function createUrql(url, token, cache = cacheExchange) {
  const socket = connect(url, token);
  return new Client({
    url,
    // Queries are sent by GET. The header proves that no foreign page sent them.
    fetchOptions: { headers: { authorization: `Bearer ${token}` } },
    exchanges: [
      cache,
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query = "", variables }) => ({
          subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
        }),
      }),
    ],
  });
}
