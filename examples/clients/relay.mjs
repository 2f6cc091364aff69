import { Environment, Network, Observable, RecordSource, Store } from "relay-runtime";
import { connect } from "./resume.mjs";

/** Documents are sent by their id where the compiler has persisted them (`persistConfig`), otherwise as text. */
const toRequest = ({ id, text }, variables) => (id ? { documentId: id, variables } : { query: text, variables });

export function createRelay(url, token) {
  const socket = connect(url, token);
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const fetchQuery = async (operation, variables) => {
    const body = JSON.stringify(toRequest(operation, variables));
    return (await fetch(url, { method: "POST", headers, body })).json();
  };
  const subscribe = (operation, variables) =>
    Observable.create((sink) => socket.subscribe({ query: "", ...toRequest(operation, variables) }, sink));
  return new Environment({
    network: Network.create(fetchQuery, subscribe),
    store: new Store(new RecordSource()),
  });
}
